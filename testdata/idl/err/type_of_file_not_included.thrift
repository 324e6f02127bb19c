include "parts/shared.thrift"

struct S {
  1: shraed.Item a
}
