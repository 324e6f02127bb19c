const double A = -
const i32 B = -  5
