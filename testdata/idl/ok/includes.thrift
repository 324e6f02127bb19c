include "parts/shared.thrift"
include "parts/left.thrift"
include "parts/right.thrift"
include "parts/shared.thrift"

struct S {
  1: shared.Item item
  2: left.Left left
  3: right.Right right
  4: shared.Size size = shared.Size.LARGE
  5: i32 limit = shared.LIMIT
}
service T extends shared.Base {
  void take(1: shared.Item item) throws (1: shared.Broken broken)
}
