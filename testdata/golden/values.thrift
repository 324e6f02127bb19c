/** Constants and defaults of every type. */
const bool YES = true
const i8 BYTE = -128
const i16 SHORT = 0x7fff
const i32 MINUS = -2147483648
const i64 LONG = -9223372036854775808
const double PI = 3.141592653589793
const double NEARLY_PI = 3.14159
const double THREE = 3
const double TINY = 5e-324
const double HUGE = 1e400
const string QUOTES = "\"double\" 'single' \\ back\nslash\t"
const string UNICODE = 'naïve 🦀'
const binary BYTES = "\\x00 is text, é is two bytes"
const uuid ID = "{00112233-4455-6677-8899-aabbccddeeff}"
const Color FAVOURITE = Color.GREEN
const i32 ALIAS = MINUS
const list<i32> NUMBERS = [1, 20000, -300000]
const list<list<string>> NESTED = [["a"], [], ["b", "c"]]
const set<string> WORDS = ["one", "two"]
const set<double> DOUBLES = [1.5, -0.25]
const map<double, list<double>> RANGES = {0.5: [1, 2], 1: []}
const map<Color, Point> CORNERS = {Color.RED: {"x": 1, "y": 2}, Color.GREEN: {"x": 3}}
const Point ORIGIN = {}
const Point UNIT = {"x": 1, "y": 1, "label": "unit"}
const Number ANY = {"whole": 42}
const Number ANY_TEXT = {"text": "many"}
const list<Number> EITHER = [{"whole": 1}, {"exact": 0.5}]
const Mishap LAST = {"code": 3}
const map<list<i32>, set<map<i32, bool>>> DEEP = {[1]: [{1: true}]}

enum Color { RED = 1, GREEN, BLUE = 0x10 }

struct Point { 1: i32 x, 2: i32 y, 3: string label }

union Number { 1: i64 whole, 2: double exact, 3: string text }

union Switch { 1: bool on = true, 2: bool off }

exception Mishap { 1: i32 code = 7, 2: string why }

struct Defaults {
  1: bool flag = true
  2: i8 small = 1
  3: i64 big = 10000000000
  4: double ratio = 0.1
  5: string text = "text"
  6: binary data = "data"
  7: uuid id = "00112233-4455-6677-8899-aabbccddeeff"
  8: Color color = Color.BLUE
  9: list<string> list = ["a", "b"]
  10: set<i16> numbers = [1, 2]
  11: map<string, double> table = {"half": 0.5}
  12: Point point = {"x": 7}
  13: Number number = {"exact": 2.5}
  14: optional i32 maybe = 9
  15: optional Point corner = {"y": 1}
  16: required string must = "must"
  17: Color none
  18: Mishap mishap
  19: set<double> doubles = [1.5]
}

struct Sorted {
  1: map<string, i32> (rust.type = "BTreeMap") scores
  2: set<string> names (rust.type = "BTreeSet")
  3: i32 old (deprecated = "use scores")
}

struct Key { 1: double angle, 2: map<string, double> weights, 3: optional Number number }

struct Keyed { 1: map<Key, i32> keys, 2: set<list<double>> lists, 3: map<double, double> doubles }

struct Flags { 1: bool a, 2: bool b, 3: bool c, 4: bool d }
