struct P {
  1: i32 x
}
const P A = {x: 1}
