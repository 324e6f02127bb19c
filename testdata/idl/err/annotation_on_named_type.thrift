struct Foo {}
struct S {
  1: Foo (a = "b") x
}
