/** What every server of the interoperability tests offers. */
namespace py interop_shared

/** Where a value came from. */
struct Origin {
  1: required string language
  2: optional string version
}

service Base {
  /** Who answers. */
  Origin whoami()
}
