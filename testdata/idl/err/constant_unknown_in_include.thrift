include "parts/shared.thrift"
const i32 A = shared.LIMITS
const i32 B = sharde.LIMIT
