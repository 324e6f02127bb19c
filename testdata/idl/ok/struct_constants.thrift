struct P {
  1: required i32 x
  2: i32 y = 7
}
union U {
  1: i32 a
  2: P p = {"x": 1}
}
exception X {
  1: string why
}
const P A = {"x": 1}
const list<P> B = [{"x": 1, "y": 2}, A]
const U C = {"a": 5}
const U D = {}
const X E = {"why": "because"}
struct S {
  1: P p = {"x": 5}
  2: list<P> ps = [{"x": 1}]
  3: map<string, P> by = {"a": A}
  4: U u = {"p": {"x": 2}}
}
