/** The program. */
namespace rs docs

/**
 * A struct.
 *
 * - one
 */
struct S {
  /** First. */
  1: i32 a, /** Second. */
  2: i32 b
  /** lost */
  /** Third. */
  3: i32 c
}

/** An enum. */
enum E {
  /** A. */ A,
  B
}

/** A service. */
service T {
  /** A function. */
  void f(/** An argument. */ 1: i32 a)
}

/** A constant. */
const i32 X = 1
/** A typedef. */
typedef i32 I
