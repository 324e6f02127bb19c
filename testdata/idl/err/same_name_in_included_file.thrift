namespace rs shared
include "parts/shared.thrift"

struct Item {}
