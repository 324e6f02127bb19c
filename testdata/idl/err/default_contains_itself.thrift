struct S {
  1: optional S next = {}
}
