// What can be said with annotations of Rust, none of it a warning.
typedef map<string, i32> (rust.type = "BTreeMap") Sorted
typedef binary Blob (rust.type = "Bytes")

enum Level { LOW = 1, HIGH = 2 (deprecated = "too loud") } (rust.derive = "::serde::Serialize")

struct Alarm {
  1: map<string, set<i32> (rust.type = "BTreeSet")> one (rust.type = "HashMap")
  2: list<binary (rust.type = "Vec")> (rust.type = "Vec") two (deprecated)
} (rust.derive = "Eq, ::serde::Serialize,", java.final)

struct Passed {
  1: string on
} (rust.unknown_fields = "keep", rust.view)

exception Failure {
  1: string text
} (message = "text")

service Alarms {
  void sound(1: Alarm alarm) (rust.arguments = "borrowed")
  i32 loudness() (rust.idempotent)
  void mute() (rust.idempotent = "true")
  void toggle() (rust.idempotent = "false")
  map<string, i32> all(1: set<i32> levels (rust.type = "BTreeSet")) (rust.type = "BTreeMap")
} (message = "of another compiler", rust.arguments = "owned")
