struct A {
  1: i32 x
  2: list<B> bs = [{}]
}

struct B {
  1: A a = {"x": 1}
}
