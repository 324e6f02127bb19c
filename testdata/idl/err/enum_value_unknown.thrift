enum E {
  A = 3
}
const E X = 4
const i32 FIVE = 5
const E Y = FIVE
