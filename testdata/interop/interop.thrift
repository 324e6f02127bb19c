/**
 * What two implementations must agree on: every type at its extremes, and every way that a call can
 * end. Kept to what compilers of 2022 accept, so it has no uuid.
 */
namespace py interop

include "shared.thrift"

enum Colour {
  BLACK = 0
  RED = 1
  BLUE = -3
  LAST = 2147483647
}

typedef i64 Id

/** One field for each type. */
struct Scalars {
  1: bool yes
  2: i8 tiny
  3: i16 small
  4: i32 medium
  5: Id large
  6: double real
  7: string text
  8: binary raw
  9: Colour colour
}

/** Present, absent, or filled in by the reader; with ids that need every form of field header. */
struct Fields {
  1: required i32 must
  2: optional string may
  3: i32 filled = 42
  4: optional i32 may_be_filled = 7
  20: string plain
  21: optional bool flag
  300: optional Scalars far
  32767: list<string> last = ["a", "b"]
}

struct Containers {
  1: list<i32> numbers
  2: set<string> words
  3: map<i32, string> names
  4: map<string, list<map<i32, set<i64>>>> nested
  5: list<bool> flags
  6: map<Colour, Scalars> by_colour
  7: list<list<double>> matrix
  8: map<double, string> by_double
  9: list<binary> blobs
  10: map<bool, bool> truths
  11: list<Fields> fields
}

/** A value of one kind or of several. */
union Choice {
  1: Id number
  2: string text
  3: list<Choice> many
  4: Scalars scalars
  5: bool flag
}

struct Tree {
  1: string label
  2: list<Tree> children
}

/** All of the above in one, for values made at random. */
struct Everything {
  1: Scalars scalars
  2: Fields fields
  3: Containers containers
  4: optional Choice choice
  5: Tree tree
}

exception Refused {
  1: i32 code
  2: string reason
  3: optional Scalars details
}

exception Busy {
  1: Id retry_ms
}

service Interop extends shared.Base {
  bool echo_bool(1: bool value)
  i8 echo_i8(1: i8 value)
  i16 echo_i16(1: i16 value)
  i32 echo_i32(1: i32 value)
  Id echo_i64(1: Id value)
  double echo_double(1: double value)
  string echo_string(1: string value)
  binary echo_binary(1: binary value)
  Colour echo_colour(1: Colour value)
  Scalars echo_scalars(1: Scalars value)
  Fields echo_fields(1: Fields value)
  Containers echo_containers(1: Containers value)
  Choice echo_choice(1: Choice value)
  Tree echo_tree(1: Tree value)
  list<i32> echo_list(1: list<i32> value)
  set<binary> echo_set(1: set<binary> value)
  map<string, map<i16, Choice>> echo_map(1: map<string, map<i16, Choice>> value)

  /** The fields as text, so that a mistake made both ways is noticed. */
  string describe(1: Scalars value)

  /** Arguments with a default, and with ids out of order. */
  i32 subtract(7: i32 start = 100, 3: i32 amount = 1)

  void nothing()

  /** Throws what it is told to: `refused`, `busy`, or something that is not declared. */
  string fail(1: string how) throws (1: Refused refused, 2: Busy busy)

  /** The same without a result. */
  void fail_void(1: string how) throws (1: Refused refused, 2: Busy busy)

  oneway void note(1: string text)

  /** What was noted so far. Forgets it. */
  list<string> noted()
}

/** What a newer server would offer; nobody serves it. */
service Newer extends Interop {
  i32 not_served(1: Containers value) throws (1: Refused refused)
}

/** Shares a port with `Interop` when multiplexed. */
service Second {
  string upper(1: string text)
}
