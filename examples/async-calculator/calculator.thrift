service Calculator {
  i32 add(1: i32 left, 2: i32 right)
  /** Takes its time. */
  i64 sum(1: list<i64> numbers)
}
