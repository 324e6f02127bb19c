struct S {
  1 i32 a
  2: i32 b,
  3: list<> c,
  4: i32
}

struct T {
  1: Missing m
}
