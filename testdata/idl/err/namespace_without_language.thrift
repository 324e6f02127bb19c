namespace demo
struct S {}
