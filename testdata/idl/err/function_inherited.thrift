include "parts/shared.thrift"

service Middle extends shared.Base {}
service S extends Middle {
  void ping()
}
