struct P {
  1: required i32 x
  2: i32 y = 3
}
const P A = {"y": 1}
