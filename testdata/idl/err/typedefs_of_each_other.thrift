typedef A B
typedef list<B> A

struct S {
  1: A a
}
