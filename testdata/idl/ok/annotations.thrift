typedef string (a = "1") Text (b = "2", c)
struct S {
  1: i32 (x = "y") a (deprecated, since = "2", since = "3"; last = "4")
  2: list<i32 (inner = "1")> (outer = "2") b
} (dotted.key = "v")
service T {
  void f(1: i32 a (arg = "1")) (fn = "1"),
} (svc)
