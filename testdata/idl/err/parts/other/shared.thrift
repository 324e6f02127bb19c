namespace rs other

struct Item {
  1: i32 id
}
