namespace rs dotted
struct Task {
  1: i32 id
}
enum Kind {
  A
  B
}
const i32 FIVE = 5
