enum E {
  A = 3
}
const string Y = E.A
