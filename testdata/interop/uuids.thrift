/**
 * The type that Apache's compiler 0.17 does not know. Python's side is written by hand, in
 * `examples/live/uuids_common.py`.
 */
struct Marked {
  1: uuid id
  2: list<uuid> many
  3: set<uuid> distinct
  4: map<uuid, uuid> pairs
  5: optional uuid absent
  20: uuid far
  21: string after
}

service Marks {
  Marked echo(1: Marked value)

  /** The values as text, in the order of their fields, so that a mistake made both ways is noticed. */
  string describe(1: Marked value)
}
