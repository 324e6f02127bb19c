cpp_namespace demo
struct S {}
