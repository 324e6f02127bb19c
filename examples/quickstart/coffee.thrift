/** A coffee bar that takes its orders over the wire. */
include "money.thrift"

enum Drink {
  ESPRESSO = 1
  LATTE = 2
  TEA = 3
}

struct Order {
  1: required string customer
  2: Drink drink = Drink.ESPRESSO
  3: i32 cups = 1
}

struct Receipt {
  1: i64 number
  2: money.Amount total
}

/** What was asked for is not there. */
exception SoldOut {
  1: Drink drink
  2: string message
}

service CoffeeBar {
  /** Makes a drink and writes the bill. */
  Receipt place(1: Order order) throws (1: SoldOut soldOut)

  /** Everything taken so far, tips included. */
  money.Amount takings()

  /** Nobody waits for a thank-you. */
  oneway void tip(1: money.Amount amount)
}
