struct A { 1: i32 a, 2: i32 b; 3: i32 c 4: i32 d }
enum E { A, B; C D = 5 F }
service S { void a(1: i32 x; 2: i32 y 3: i32 z), void b(); void c() }
const i32 X = 1; const i32 Y = 2, const i32 Z = 3
typedef i32 T; typedef i32 U,
const list<i32> L = [1, 2; 3 4,]
const map<i32, i32> M = {1: 2, 3: 4; 5: 6 7: 8;}
