exception X {}
service S {
  i32 f() throws (0: X x)
}
