/** The same types at two times, and calls between programs of different ages. */
namespace rs evolution

struct Old { 1: i32 id, 2: string name = "anonymous", 5: list<i32> scores }

struct New {
  1: i32 id
  2: string name = "anonymous"
  3: optional double weight
  4: map<string, list<i64>> extra
  5: list<i32> scores
  6: Shape shape
}

/** The fields of Old with other types. */
struct Retyped { 1: i64 id, 2: i32 name, 5: list<string> scores }

struct Demanding { 1: required i32 id, 2: required string name, 9: required bool flag }

struct Tree { 1: i32 value, 2: list<Tree> branches, 3: optional Tree next }

union Shape { 1: double circle, 2: Old square }

union OldShape { 1: double circle }

union NewShape { 1: double circle, 2: Old square, 3: bool flag, 4: list<map<string, i32>> paths }

exception Refused { 1: string why }

service OldMath {
  i32 add(1: i32 a, 2: i32 b) throws (1: Refused refused)
}

service NewMath {
  i32 add(1: i32 a, 2: i32 b, 3: i32 c = 100) throws (1: Refused refused, 2: Refused again)
  i32 strict(1: required i32 a, 2: i32 b)
  void check(1: i32 b, 2: i32 a)
  oneway void forget(1: i32 a)
}

/** Ids that are not in the order of declaration. */
service Unordered {
  string join(3: string c, 1: string a, 2: string b)
}
