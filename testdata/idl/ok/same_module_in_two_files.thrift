namespace rs shared
namespace cpp apart
include "parts/shared.thrift"

enum Size {
  MEDIUM
}
