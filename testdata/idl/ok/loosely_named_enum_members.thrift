include "parts/dotted.name.thrift"
include "parts/shared.thrift"

enum Other {
  X
}

struct S {
  1: dotted.name.Kind a = Kind.B
  2: shared.Size b = shared.LARGE
  3: i32 c = Kind.B
  4: i32 d = shared.LARGE
  5: shared.Size e = Other.LARGE
}
