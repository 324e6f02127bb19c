struct S {
  1: int a
  2: float b
  3: String c
}
