exception X {}
service Base {
  void ping()
  oneway void fire(1: i32 a)
}
service Derived extends Base {
  i32 add(1: i32 a, 2: i32 b = 5),
  list<string> names() throws (1: X x, 2: X y);
  X exception_as_value(1: X x)
} (a = "b")
