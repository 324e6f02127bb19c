namespace rs shared

struct Item {
  1: i32 id
}
enum Size {
  SMALL
  LARGE
}
const i32 LIMIT = 5
exception Broken {}
service Base {
  void ping()
}
