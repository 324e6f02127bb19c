/** What handlers and clients that are futures look like. */
namespace rs asynchronous

include "shared.thrift"

struct Track {
  1: string title
  2: list<i32> samples
} (rust.view)

// Names that the emitted code wants for itself.
struct Future {
  1: i32 year
}
struct Send {}
struct Result {}
struct RecorderAsync {
  1: string name
}

exception Scratched {
  1: string why
}

/** Sums, and what else takes a while. */
service Calculator extends shared.Health {
  /** Adds two numbers. */
  i32 add(1: i32 left, 2: i32 right)
  i64 sum(1: list<i64> numbers) throws (1: Scratched scratched) (rust.idempotent)
  string echo(1: string text)
  string repeat(1: required string text, 2: i32 times = 2)
  Future wait(1: string for_what, 2: i64 milliseconds, 3: map<string, list<shared.Place>> meanwhile, 4: bool self)
    throws (1: Scratched scratched)
  void fail(1: string how) throws (1: Scratched scratched, 2: Scratched again) (deprecated = "it fails")
  void reset()
  oneway void note(1: string text)
}

/** Handlers take views where they ask for them, and own what others borrow. */
service Recorder {
  i32 play(1: Track track, 2: string by) (rust.arguments = "view")
  oneway void heard(1: list<Track> tracks) (rust.arguments = "view")
  i32 keep(1: Track track, 2: string type) (rust.arguments = "borrowed")
}

service Nothing {}

service Everything extends Recorder {
  i32 connect(1: i32 async, 2: i32 a_rather_long_name_of_an_argument, 3: i32 another_long_name_of_one)
}
