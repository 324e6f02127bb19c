namespace rs shared

struct Item {
  1: i32 id
}

enum Size {
  SMALL,
  LARGE
}

const i32 LIMIT = 5

service Base {
  void ping()
}
