// Annotations that look as if they were meant for this compiler.
typedef map<string, i32> Numbers

struct Alarm {
  1: map<string, i32> misspelt (rust.tpye = "BTreeMap")
  2: map<string, i32> capital (Rust.Type = "BTreeMap")
  3: map<string, i32> far (rust.newtype)
  4: map<string, i32> value (rust.type = "BtreeMap")
  5: set<i32> other (rust.type = "Vec")
  6: i32 number (rust.type = "u32")
  7: Numbers named (rust.type = "BTreeMap")
  8: list<set<i32> (rust.type = "IndexSet")> inner
  9: map<string, i32> none (rust.type)
} (rust.type = "Vec")

struct Derived {} (rust.derive = "serde::")

struct Empty {} (rust.derive)

exception Failure {
  1: string text
} (message = "txet")

service Alarms {
  void f() throws (1: Failure failure (rust.derive = "Eq"))
  void g() (rust.type = "Vec")
  void h() (rust.idempotent = "yes")
  oneway void i() (rust.idempotent)
  void j(1: i32 number (rust.idempotent))
} (rust.derive = "Eq")
