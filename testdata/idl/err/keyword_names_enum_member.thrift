enum E {
  required,
  optional
}
