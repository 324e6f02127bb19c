service S {
  void ping
  void pong()
}
