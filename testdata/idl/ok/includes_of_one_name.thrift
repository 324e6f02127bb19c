include "parts/shared.thrift"
include "parts/twin/shared.thrift"

struct S {
  1: shared.Item item
  2: shared.Twin twin
}
