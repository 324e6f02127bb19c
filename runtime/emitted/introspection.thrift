/**
 * What a server says of itself, to tools and to whoever watches over it. Seapink's servers have it as
 * one service of several on a port: call `Introspection:health`.
 */

/** Whether calls are welcome. */
enum Health {
  SERVING = 1,
  /** Calls are answered, but had better go to another server. */
  NOT_SERVING = 2,
  /** The server is shutting down. */
  STOPPING = 3,
}

/** A function of a service. */
struct FunctionInfo {
  1: string name,
  /** Nobody waits for a reply. */
  2: bool is_oneway,
}

/** A service of the server. */
struct ServiceInfo {
  /** What stands before the name of a function in a call. */
  1: string name,
  /** Inherited ones last. */
  2: list<FunctionInfo> functions,
  /** `Introspection.idl` has its text. */
  3: bool has_idl,
}

/** The server has no service of this name, or none that says so. */
exception NoSuchService {
  1: string name,
}

/** A server's account of itself. */
service Introspection {
  /** Whether calls of a service are welcome; with an empty name, of all of them. */
  Health health(1: string service) throws (1: NoSuchService unknown) (rust.idempotent),

  /** The services of the server, in the order in which they were added. */
  list<ServiceInfo> services() (rust.idempotent),

  /** How often things happened since the server was made, and how many of them there are now. */
  map<string, i64> counters() (rust.idempotent),

  /** The IDL of a service. */
  string idl(1: string service) throws (1: NoSuchService unknown) (rust.idempotent),
}
