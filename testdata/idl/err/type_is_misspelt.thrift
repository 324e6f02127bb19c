struct UserId {
  1: i32 a
}

struct S {
  1: UserID id
}
