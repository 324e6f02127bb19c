struct P {}
struct Q {}
const P A = {}
const Q B = A
