typedef Later Alias
typedef map<string, list<Alias>> Index
typedef Index Again (a = "b")

struct Later {
  1: Index index
}
