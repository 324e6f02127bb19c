// What annotations change: arguments that handlers borrow, and fields that newer peers have.
namespace rs sharing

enum Size {
  SMALL = 1
  LARGE = 2
}

/** Passed on by programs that do not know all of it. */
struct Parcel {
  1: required i64 id
  2: string label = "none"
} (rust.unknown_fields = "keep")

/** Nothing is known of it. */
struct Sealed {
} (rust.unknown_fields = "keep")

/** A field that is called like the member for unknown ones. */
exception Lost {
  1: string unknown_fields
} (rust.unknown_fields = "keep")

const Parcel EMPTY = {"id": 0}

service Post {
  Parcel pass(1: Parcel parcel, 2: string to, 3: Size size)
  list<i32> weigh(1: list<Parcel> parcels, 2: map<string, i32> weights, 3: binary stamp, 4: double each)
    throws (1: Lost lost)
  void sort(1: i32 times = 1, 2: required string by)
  void ping()
  oneway void drop(1: Parcel parcel)
  Parcel keep(1: Parcel parcel) (rust.arguments = "owned")
} (rust.arguments = "borrowed")
