const string NAME = "café"
