const uuid A = "00112233-4455-6677-8899-aabbccddeeff"
const uuid B = "{00112233-4455-6677-8899-AABBCCDDEEFF}"
