enum E {
  A = "one",
  B
}
