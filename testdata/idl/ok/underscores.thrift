struct _S {
  1: i32 __a_
  2: i32 a1b
}
