service S {
  void ping()
