// André
/** café */
struct S {}
