/** A store that remembers what it was told after it is started again. */

exception NotFound {
  1: string key
}

/** What is written to the log: one of the changes below. */
union Change {
  1: Entry put
  2: string removed
}

struct Entry {
  1: required string key
  2: required binary value
}

service Store {
  void put(1: string key, 2: binary value)
  binary get(1: string key) throws (1: NotFound notFound)
  bool remove(1: string key)
  i32 size()
}
