/** A piece of music, as long as it takes. */
struct Track {
  1: required string title
  2: i32 seconds
}

struct Album {
  1: required i64 id
  2: string title
  3: list<Track> tracks
  4: list<double> levels
} (rust.view)

struct Picture {
  1: string name
  2: binary pixels
}

/** What an old program knows of an album, in a struct that keeps the rest. */
struct Card {
  1: required i64 id
  2: string title
} (rust.unknown_fields = "keep")
