namespace rs uses
include "shared.thrift"

struct Basket {
  1: list<shared.Item> items
}
