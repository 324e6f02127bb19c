namespace rs left
include "shared.thrift"
struct Left {
  1: shared.Item item
}
