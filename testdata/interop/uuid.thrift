/**
 * The type that Apache's compiler 0.17 does not know. The code of the peers is written by hand, in
 * `examples/live/uuid_common.py` and `examples/live/node_uuid.cjs`.
 */
struct Uuids {
  1: uuid own
  2: list<uuid> many
  3: set<uuid> distinct
  4: map<uuid, uuid> pairs
  5: optional uuid absent
  20: uuid far
  21: string after
}

service UuidInterop {
  uuid echo_uuid(1: uuid value)
  Uuids echo(1: Uuids value)

  /** The values as text, in the order of their fields, so that a mistake made both ways is noticed. */
  string describe(1: Uuids value)
}
