const double A = NaN
const double B = e5
