/** The calculator that every RPC system starts with. */

enum Operation {
  ADD = 1
  SUBTRACT = 2
  MULTIPLY = 3
  DIVIDE = 4
}

exception DivisionByZero {
  1: string message
}

service Calculator {
  i32 add(1: i32 a, 2: i32 b)

  double calculate(1: Operation operation, 2: double a, 3: double b)
      throws (1: DivisionByZero byZero)
}
