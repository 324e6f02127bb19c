const string A = "first
second"
