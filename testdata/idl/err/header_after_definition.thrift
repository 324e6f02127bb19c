struct S {}
namespace rs late
