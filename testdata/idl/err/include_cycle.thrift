include "parts/back_to_cycle.thrift"

struct A {}
