typedef list<i32> T0
const T0 A0 = [1]
typedef list<T0> T1
const T1 A1 = [A0]
typedef list<T1> T2
const T2 A2 = [A1]
typedef list<T2> T3
const T3 A3 = [A2]
typedef list<T3> T4
const T4 A4 = [A3]
typedef list<T4> T5
const T5 A5 = [A4]
typedef list<T5> T6
const T6 A6 = [A5]
typedef list<T6> T7
const T7 A7 = [A6]
typedef list<T7> T8
const T8 A8 = [A7]
typedef list<T8> T9
const T9 A9 = [A8]
typedef list<T9> T10
const T10 A10 = [A9]
typedef list<T10> T11
const T11 A11 = [A10]
typedef list<T11> T12
const T12 A12 = [A11]
typedef list<T12> T13
const T13 A13 = [A12]
typedef list<T13> T14
const T14 A14 = [A13]
typedef list<T14> T15
const T15 A15 = [A14]
typedef list<T15> T16
const T16 A16 = [A15]
typedef list<T16> T17
const T17 A17 = [A16]
typedef list<T17> T18
const T18 A18 = [A17]
typedef list<T18> T19
const T19 A19 = [A18]
typedef list<T19> T20
const T20 A20 = [A19]
typedef list<T20> T21
const T21 A21 = [A20]
typedef list<T21> T22
const T22 A22 = [A21]
typedef list<T22> T23
const T23 A23 = [A22]
typedef list<T23> T24
const T24 A24 = [A23]
typedef list<T24> T25
const T25 A25 = [A24]
typedef list<T25> T26
const T26 A26 = [A25]
typedef list<T26> T27
const T27 A27 = [A26]
typedef list<T27> T28
const T28 A28 = [A27]
typedef list<T28> T29
const T29 A29 = [A28]
typedef list<T29> T30
const T30 A30 = [A29]
struct S {
  1: T30 a
}
const S S1 = {"a": A30}
const list<list<S>> TWO = [[S1]]
struct Tree {
  1: list<Tree> kids
}
const Tree K0 = {}
const Tree K1 = {"kids": [K0]}
const Tree K2 = {"kids": [K1]}
const Tree K3 = {"kids": [K2]}
const Tree K4 = {"kids": [K3]}
const Tree K5 = {"kids": [K4]}
const Tree K6 = {"kids": [K5]}
const Tree K7 = {"kids": [K6]}
const Tree K8 = {"kids": [K7]}
const Tree K9 = {"kids": [K8]}
const Tree K10 = {"kids": [K9]}
const Tree K11 = {"kids": [K10]}
const Tree K12 = {"kids": [K11]}
const Tree K13 = {"kids": [K12]}
const Tree K14 = {"kids": [K13]}
const Tree K15 = {"kids": [K14]}
const Tree K16 = {"kids": [K15]}
const Tree K17 = {"kids": [K16]}
const Tree K18 = {"kids": [K17]}
const Tree K19 = {"kids": [K18]}
const Tree K20 = {"kids": [K19]}
const Tree K21 = {"kids": [K20]}
const Tree K22 = {"kids": [K21]}
const Tree K23 = {"kids": [K22]}
const Tree K24 = {"kids": [K23]}
const Tree K25 = {"kids": [K24]}
const Tree K26 = {"kids": [K25]}
const Tree K27 = {"kids": [K26]}
const Tree K28 = {"kids": [K27]}
const Tree K29 = {"kids": [K28]}
const Tree K30 = {"kids": [K29]}
const Tree K31 = {"kids": [K30]}
const Tree K32 = {"kids": [K31]}
const Tree K33 = {"kids": [K32]}
