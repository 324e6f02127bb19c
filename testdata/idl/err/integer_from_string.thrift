const i32 A = "x"
