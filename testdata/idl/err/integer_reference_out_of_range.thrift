const i32 BIG = 300
const i8 A = BIG
