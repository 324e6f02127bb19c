include "parts/shared.thrift"
service S extends shared.Bas {}
service T extends sharde.Base {}
