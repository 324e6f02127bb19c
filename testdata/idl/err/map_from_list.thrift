struct S {
  1: map<i32, i32> a = [1]
}
