struct S {
  1: map<string> a
}
