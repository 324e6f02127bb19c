enum Color {
  RED
}
const Color A = RED
const i32 B = RED
