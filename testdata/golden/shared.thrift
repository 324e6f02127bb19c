/** What several services have in common. */
namespace rs acme.shared

/** Where something is, in degrees. */
struct Place {
  1: double latitude
  2: double longitude
}

/** Anyone may ask for this. */
service Health {
  /** How long the server has been up, in seconds. */
  i64 uptime()
}
