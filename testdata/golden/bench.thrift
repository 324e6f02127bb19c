// The values that the benches encode, decode and send: one of each kind that programs have.
namespace rs bench

/** Six scalars and one short string. */
struct Small {
  1: bool flag
  2: i8 kind
  3: i16 port
  4: i32 count
  5: i64 id
  6: double score
  7: string name
}

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

/** A nested struct, and a list of structs. */
struct Medium {
  1: Header header
  2: list<Item> items
  3: i64 total
}

/** A map of lists. */
struct Index {
  1: map<string, list<i32>> postings
}

/** One large binary. */
struct Blob {
  1: string name
  2: binary data
}

struct Longs {
  1: list<i64> values
}

struct Doubles {
  1: list<double> values
}

service Echo {
  Small echo(1: Small req)
}
