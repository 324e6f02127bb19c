include "parts/broken.thrift"

struct S {
  1: broken.Half half
}
