include "no_such_file.thrift"

struct S {
  1: no_such_file.T t
}
