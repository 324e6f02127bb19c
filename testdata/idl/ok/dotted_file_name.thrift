include "parts/dotted.name.thrift"

struct S {
  1: dotted.name.Task task = {"id": dotted.name.FIVE}
  2: dotted.name.Kind kind = dotted.name.Kind.B
}
