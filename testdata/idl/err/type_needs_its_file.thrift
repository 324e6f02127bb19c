include "parts/shared.thrift"

struct S {
  1: Item a
  2: shared.Itme b
}
