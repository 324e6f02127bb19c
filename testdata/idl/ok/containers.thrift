struct C {
  1: list<i32> a
  2: set<string> b
  3: map<i32, list<set<map<string, binary>>>> c
  4: list<C> d
  5: map<list<i32>, set<map<i32, bool>>> e
  6: map<double, set<double>> f
}
