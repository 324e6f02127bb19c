namespace rs broken

struct Half {
  1: i32
}
