struct S {}

/* this comment
never ends
struct T {}
