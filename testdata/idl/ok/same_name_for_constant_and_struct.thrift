const i32 S = 1
struct S {}
