/** What implementations must agree on that have the type uuid, which compilers of 2022 do not know. */

struct Marks {
  1: uuid own
  2: list<uuid> others
  3: map<uuid, string> names
  4: optional uuid absent
}

service Marked {
  uuid echo_uuid(1: uuid value)
  Marks echo_marks(1: Marks value)
}
