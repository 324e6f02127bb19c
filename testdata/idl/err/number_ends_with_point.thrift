const double A = 5.
