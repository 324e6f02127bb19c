exception X {}
union U {
  1: required i32 a
}
service S {
  void f(1: optional i32 a, 2: required i32 b) throws (1: required X x, 2: optional X y)
}
