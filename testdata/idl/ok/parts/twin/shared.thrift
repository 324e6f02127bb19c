namespace rs twin

struct Twin {
  1: i32 id
}
