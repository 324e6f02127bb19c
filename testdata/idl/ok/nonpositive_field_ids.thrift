struct S {
  -1: i32 a
  -5: i32 b
  i32 c
  0: i32 d
}
