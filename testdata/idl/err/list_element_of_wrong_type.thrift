const list<i32> A = [1, "two", 3, 4.0]
