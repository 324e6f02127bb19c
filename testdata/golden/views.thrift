// Types with views, which borrow from the message that they are read from.
namespace rs views

include "shared.thrift"

enum Mood {
  CALM = 1
  WILD = 2
}

typedef string Name
typedef list<Name> Names

/** Has nothing to borrow, and so is its own view. */
struct Point {
  1: double x
  2: double y
  3: optional Mood mood
}

struct Track {
  1: required Name title
  2: optional binary cover
  3: i32 seconds
}

/** One of everything. */
struct Album {
  1: required i64 id
  2: string title = "untitled"
  3: list<Track> tracks
  4: Names tags
  5: list<i8> tiny
  6: list<i16> short_ones
  7: list<i32> numbers
  8: list<i64> longs
  9: list<double> doubles
  10: list<bool> flags
  11: list<Mood> moods
  12: list<list<i32>> grid
  13: set<string> genres = ["new"]
  14: map<string, Track> by_name (rust.type = "BTreeMap")
  15: map<double, Point> points
  16: optional Track best
  17: optional Album next
  18: Pick pick
  19: Point center
  20: shared.Place place
  21: Mood mood = Mood.WILD
  22: optional uuid key
  23: bool live
  24: set<i64> ids
  25: binary blob = "b"
} (rust.view)

union Pick {
  1: string text
  2: Track track
  3: list<Pick> several
  4: Point point
  5: i32 number
}

exception Scratched {
  1: string message
  2: list<i32> places
} (rust.view)

struct Passed {
  1: string text
} (rust.view, rust.unknown_fields = "keep")

service Player {
  i32 play(1: Track track, 2: list<i32> order, 3: string by, 4: list<Track> more, 5: i32 times)
    throws (1: Scratched scratched)
  i64 longest(1: required list<Track> tracks, 2: string by)
  oneway void heard(1: Passed passed)
  string plain(1: string text) (rust.arguments = "owned")
  string with_default(1: string text = "d")
} (rust.arguments = "view")
