struct Tree {
  1: optional Tree left
  2: list<Tree> kids
  3: map<string, Tree> by_name
}
struct A { 1: B b }
struct B { 1: A a }
union Json { 1: list<Json> array, 2: map<string, Json> object, 3: string text }
