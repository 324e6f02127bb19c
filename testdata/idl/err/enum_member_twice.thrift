enum E {
  A,
  B,
  A = 5
}
