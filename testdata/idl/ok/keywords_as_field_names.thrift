struct S {
  1: i32 list
  2: i32 struct
  3: i32 required
  4: required i32 optional
  5: i32 async
  6: i32 namespace
  7: string string
  8: i32 oneway
  9: i32 void
  10: i32 throws
}
service T {
  void f(1: i32 include, 2: i32 const)
}
