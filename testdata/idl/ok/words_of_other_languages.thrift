struct class {
  1: i32 def
  2: i32 self
  3: i32 END
  4: i32 type
  5: i32 lambda
}
struct Option {}
struct String {}
struct Result {}
enum Error { None, Some }
