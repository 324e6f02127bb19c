const string A = “hello”
