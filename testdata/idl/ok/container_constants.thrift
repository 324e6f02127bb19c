const list<i32> A = [1, 2, 3]
const set<string> B = ["a", "b"]
const map<string, list<i32>> C = {"x": [1], "y": []}
const list<i32> D = {}
const set<i32> E = {}
const map<i32, i32> F = []
const map<list<i32>, string> G = {[1, 2]: "a"}
