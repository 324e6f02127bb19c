exception X {}
service S {
  void f() throw (1: X x)
  void g()
}
