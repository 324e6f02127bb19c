struct S {}
enum S {
  A
}
