// What the codecs are compared on. Compiled by the IDL compilers of all sides.
namespace cpp bench
namespace rs bench

// (1) small: six scalars and one short string
struct Small {
  1: bool flag
  2: i8 kind
  3: i16 port
  4: i32 count
  5: i64 id
  6: double score
  7: string name
}

// (2) medium: a nested struct holding a list of 100 items
struct Item {
  1: i64 id
  2: i32 qty
  3: double price
  4: string label
  5: bool active
}

struct Header {
  1: i64 trace
  2: string origin
  3: Small detail
}

struct Medium {
  1: Header header
  2: list<Item> items
  3: i64 total
}

// (3) a map of lists
struct Index {
  1: map<string, list<i32>> postings
}

// (4) one large binary
struct Blob {
  1: string name
  2: binary data
}

// (5) flat numeric columns
struct Longs {
  1: list<i64> values
}

struct Doubles {
  1: list<double> values
}

service Echo {
  Small echo(1: Small req)
}
