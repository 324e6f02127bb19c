/** Amounts of money, for any service that needs them. */

enum Currency {
  EUR = 1
  SEK = 2
}

struct Amount {
  /** In cents, öre and the like. */
  1: required i64 minor
  2: required Currency currency
}
