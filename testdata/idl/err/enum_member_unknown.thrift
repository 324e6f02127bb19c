enum Color {
  RED,
  GREEN
}
const Color A = Color.GREN
const i32 B = Color.PINK
