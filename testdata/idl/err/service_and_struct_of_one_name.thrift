struct S {}
service S {}
