namespace rs right
include "../parts/shared.thrift"
struct Right {
  1: shared.Item item
}
