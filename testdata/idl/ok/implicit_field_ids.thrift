struct S {
  i32 a
  i32 b
  5: i32 c
  i32 d
}
