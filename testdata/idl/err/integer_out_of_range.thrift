const i8 A = 300
const i16 B = -32769
const i32 C = 5000000000
struct S {
  1: i8 d = 0x80
}
