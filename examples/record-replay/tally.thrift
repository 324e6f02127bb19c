/** Adds up what it is told, so that its answers depend on all calls before. */

exception TooMuch {
  1: i32 limit
}

service Tally {
  /** Returns the sum so far. */
  i32 add(1: i32 amount) throws (1: TooMuch tooMuch)

  oneway void clear()

  /** How often each amount was added. */
  map<i32, i32> counts()
}
