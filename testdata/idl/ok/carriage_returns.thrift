/**
 * Two
 * lines.
 */
struct S {
  1: i32 a // one
  2: string b
}
