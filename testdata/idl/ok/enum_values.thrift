enum E {
  A = 1
  B = 2
}
typedef E F
const E W = E.A
const E X = 2
const E Y = F.B
const E Z = W
const i8 I = E.B
const map<E, i32> M = {E.A: 3, 2: 4}
struct S {
  1: list<E> a = [E.A, 1]
  2: F f = F.A
}
