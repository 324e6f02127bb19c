/** Annotations that reach the emitted code. */

enum Level { LOW = 1, HIGH = 2 } (rust.derive = "::serde::Serialize, ::serde::Deserialize")

union Target {
  1: string host
  2: i32 port
} (rust.derive = "::serde::Serialize, ::serde::Deserialize")

struct Alarm {
  1: uuid id
  2: Level level = Level.HIGH
  3: map<double, string> (rust.type = "BTreeMap") readings
  4: optional Target target
} (rust.derive = "::serde::Serialize, ::serde::Deserialize")

exception Failure {
  1: i32 code
  2: string text
} (message = "text")

/** Some of its functions may be run twice. */
service Alarms {
  Alarm find(1: uuid id) throws (1: Failure failure) (rust.idempotent)
  i32 add(1: Alarm alarm) (rust.idempotent = "false")
}
