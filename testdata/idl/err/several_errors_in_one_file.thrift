namespace rs shop

struct Order {
  1: i32 id
  1: string note
  3: Adress address
}

struct Address {
  1 string street
  2: i8 number = 300
}

service Shop extends Base {
  oneway i32 order(1: Order order)
  void cancel(1: i32 id) throws (1: Order o)
}
