include "parts/uses_shared.thrift"

struct S {
  1: shared.Item item
}
