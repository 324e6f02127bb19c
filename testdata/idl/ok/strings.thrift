const string A = "a\n\r\t\"\'\\"
const string B = 'it "works"'
const string C = "café ☃"
const binary D = "bytes"
const string E = ""
