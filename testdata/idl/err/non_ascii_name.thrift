struct Straße {
  1: i32 a
}
