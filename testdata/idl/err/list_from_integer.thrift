struct S {
  1: list<i32> a = 5
}
