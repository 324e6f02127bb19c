service Base {}
service S extends Bse {}
