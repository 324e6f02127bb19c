struct S {
  1: list<> a
}
