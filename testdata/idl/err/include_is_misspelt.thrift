include "parts/shraed.thrift"
