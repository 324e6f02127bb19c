include "parts/shared.thrift"
include "parts/other/shared.thrift"

struct S {
  1: shared.Item item
}
