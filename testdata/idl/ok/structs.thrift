struct Empty {}
struct S {
  1: required i32 a
  2: optional string b
  3: Empty c
  4: S & d
  5: optional S e
}
union U {
  1: i32 a
  2: string b = "x"
}
union None {}
exception X {
  1: string message
}
struct UsesException {
  1: X x
  2: list<X> xs
}
