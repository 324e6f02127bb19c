const bool A = 7
const double B = 1e400
const double C = 9007199254740993
