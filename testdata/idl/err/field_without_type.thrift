struct S {
  1: a,
  2: i32 b
}
