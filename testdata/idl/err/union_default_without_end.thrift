union U {
  1: U u = {}
}
const U X = {}
