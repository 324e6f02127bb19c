const i32 A = 1
struct S {
  1: A a
}
