enum Empty {}
enum Plain { A, B, C }
enum Mixed { A = -5, B, C = 0xA, D = -0x2, E, F = 2147483647 }
enum Repeated { A = 1, B = 1 }
enum Annotated { A = 1 (x = "y"), B (q) } (z)
