const string A = 5
