senum Color {
  "red", "green"
}
