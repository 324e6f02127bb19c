cpp_include "deque"
struct S xsd_all {
  1: i32 a xsd_optional xsd_nillable xsd_attrs { 1: string b } (x = "y");
  2: list<i32> cpp_type "vec" b;
  3: list cpp_type "vec" <i32> c
  4: map cpp_type "m" <i32, i32> d
  5: set cpp_type "s" <i32> e
}
