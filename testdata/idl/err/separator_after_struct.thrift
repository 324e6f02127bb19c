struct S {};
struct T {}
