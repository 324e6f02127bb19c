const set<i32> A = [1, 2, 1]
const map<i32, string> B = {1: "a", 1: "b"}
const set<double> C = [1, 1.0]
