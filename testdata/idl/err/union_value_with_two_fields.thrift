union U {
  1: i32 x
  2: i32 y
}
const U A = {"x": 1, "y": 2}
const U B = {}
