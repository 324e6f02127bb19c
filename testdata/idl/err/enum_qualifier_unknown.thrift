enum E {
  A
}
const E X = Zzz.Qq.A
const i32 Y = EE.A
