const list<i32> A = [1, 2]
const set<i32> B = A
const list<i32> C = A
const map<i32, list<i32>> D = {1: A}
const map<i32, list<i32>> E = D
const list<double> F = A
