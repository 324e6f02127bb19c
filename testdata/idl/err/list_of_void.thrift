struct S {
  1: list<void> a
}
