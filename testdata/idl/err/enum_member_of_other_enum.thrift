enum E {
  A
}
enum F {
  A = 5,
  B
}
const E X = F.A
const E Y = F.B
