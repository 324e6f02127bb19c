service S {
  void throws()
}
