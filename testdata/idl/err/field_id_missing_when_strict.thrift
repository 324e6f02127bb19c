// strict
struct S {
  i32 a,
  2: i32 b
}
