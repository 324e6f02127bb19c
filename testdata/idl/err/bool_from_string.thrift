struct S {
  1: bool a = "yes"
}
