/** Names that clash with Rust, with its prelude, with emitted code, or with each other. */
include "dotted.name.thrift"

struct Error { 1: string Error }
struct Option { 1: optional Result value, 2: Vec list }
struct Result { 1: String text }
struct String { 1: string value = "it's" }
struct Vec { 1: list<Box> items }
struct Box { 1: optional Box box }
struct Default { 1: i32 default = 5, 2: map<string, string> From = {"a": "b"} }
struct From { 1: string from = "here" }
struct Ok { 1: Some some }
struct Formatter {}
struct my_struct { 1: my_Struct inner }
struct my_Struct { 1: i32 a }
struct MyStruct { 1: dotted.name.Task task }
struct UUID { 1: uuid id }

enum Some { None = 0, Err = 1, fooBar = 2, foo_bar = 3, NAME = 4, VALUES = 5 }
enum S {}

const i32 S = 1

struct Keywords {
  1: i32 async
  2: i32 await
  3: i32 dyn
  4: i32 try
  5: i32 gen
  6: i32 type
  7: i32 self
  8: i32 Self
  9: i32 crate
  10: i32 super
  11: i32 id
  12: i32 field
  13: i32 fields
  14: i32 input
  15: i32 fooBar
  16: i32 foo_bar
  17: i32 FooBar
  18: i32 value
  19: i32 struct
  20: i32 _
}

union Unknown { 1: i32 Unknown, 2: string unknown, 3: Self Self }
union Self {}

exception Other { 1: string source }

service type {
  void type(1: i32 cx, 2: i32 self, 3: i32 handler, 4: i32 call) throws (1: Other other, 2: Other Other)
  i32 new(1: Error error)
  i32 connect()
  void Clone()
  void fooBar()
  void foo_bar()
  oneway void match(1: string match)
}

service typeClient {}
service Empty extends type {}
