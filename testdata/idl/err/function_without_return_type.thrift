service S {
  ping(),
  void pong()
}
