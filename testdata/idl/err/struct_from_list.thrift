struct P {}
const P A = []
