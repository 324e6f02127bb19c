typedef list<i32> T0
const T0 A0 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
typedef list<T0> T1
const T1 A1 = [A0, A0, A0, A0, A0, A0, A0, A0, A0, A0]
typedef list<T1> T2
const T2 A2 = [A1, A1, A1, A1, A1, A1, A1, A1, A1, A1]
typedef list<T2> T3
const T3 A3 = [A2, A2, A2, A2, A2, A2, A2, A2, A2, A2]
typedef list<T3> T4
const T4 A4 = [A3, A3, A3, A3, A3, A3, A3, A3, A3, A3]
typedef list<T4> T5
const T5 A5 = [A4, A4, A4, A4, A4, A4, A4, A4, A4, A4]
typedef list<T5> T6
const T6 A6 = [A5, A5, A5, A5, A5, A5, A5, A5, A5, A5]
typedef list<T6> T7
const T7 A7 = [A6, A6, A6, A6, A6, A6, A6, A6, A6, A6]
