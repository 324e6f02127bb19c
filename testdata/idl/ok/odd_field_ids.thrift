struct S {
  0x10: i32 a,
  true: i32 b
  3 : i32 c
  32767: i32 d
}
