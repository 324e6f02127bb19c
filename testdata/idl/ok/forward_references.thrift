const i32 B = A
const i32 A = 1
const list<P> L = [Q]
const P Q = {"x": B}
struct S {
  1: i32 a = A
  2: P p = {"x": A}
}
struct P {
  1: i32 x
}
service Child extends Parent {
  void f() throws (1: Late late)
}
service Parent {}
exception Late {}
