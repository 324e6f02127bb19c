/** A room in which everybody who has a certificate may speak. */

struct Line {
  /** Counts from 1. */
  1: i64 number
  2: string speaker
  3: string text
}

exception TooLong {
  1: i32 characters_max
}

service Chat {
  /** Says something to everybody, and returns its number. */
  i64 say(1: string text) throws (1: TooLong tooLong)

  /** What was said after a number. */
  list<Line> read(1: i64 after) (rust.idempotent)
}
