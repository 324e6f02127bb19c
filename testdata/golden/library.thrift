/** Books, readers, and who has what. */
namespace rs acme.library

include "shared.thrift"

/** Books lent to one reader at a time. */
const i32 LOANS_MAX = 12
const string GREETING = "say \"hello\"\n\\o/"
const list<string> SECTIONS = ["poetry", "maps"]
const map<string, i32> SHELVES = {"poetry": 3, "maps": 40}
const shared.Place HOME = {"latitude": 59.3293, "longitude": 18.0686}
const uuid BRANCH = "00112233-4455-6677-8899-aabbccddeeff"
const double RATIO = 2.718281828459045
const Book CLASSIC = {"id": 1, "title": "Kallocain", "tags": ["novel"]}

typedef i64 BookId

/** How a book is bound. */
enum Binding {
  PAPER = 1
  /** With boards. */
  HARD = 2
  CLOTH = 10
}

struct Author {
  1: required string name
  2: optional i16 born
}

struct Book {
  1: required BookId id
  2: required string title
  3: list<Author> authors
  4: Binding binding = Binding.PAPER
  5: optional double price
  /** Free words. */
  6: set<string> tags = ["new"]
  7: map<double, shared.Place> copies
  8: optional binary cover
  9: bool lent
  10: optional uuid edition
  -1: i32 type
}

/** One or the other. */
union Query {
  1: string title
  2: BookId id
  3: Query not
}

/** A shelf may hold shelves. */
struct Shelf {
  1: string label
  2: optional Shelf above
  3: list<Shelf> parts
}

exception NotFound {
  1: string message
  2: BookId id
}

exception AlreadyLent {
  1: string reader
}

service Library extends shared.Health {
  /** The book with this id. */
  Book find(1: BookId id) throws (1: NotFound missing)

  list<Book> search(1: Query query, 2: i32 limit = 10, 3: shared.Place near)

  void lend(1: required BookId id, 2: string reader)
      throws (1: NotFound missing, 2: AlreadyLent lent)

  /** Nobody waits for this. */
  oneway void log(1: string line)

  void close() (deprecated = "libraries never close")
}
