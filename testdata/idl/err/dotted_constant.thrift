const i32 a.b = 1
