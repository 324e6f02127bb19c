include shared.thrift
struct S {}
