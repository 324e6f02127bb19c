namespace * everything
namespace rs demo.api
namespace py.twisted demo
namespace cpp demo (key = "v")
namespace noexist zz
cpp_include "vector"

struct S {}
