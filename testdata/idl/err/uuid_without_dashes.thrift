const uuid A = "0011223344556677-8899-aabbccddeeff"
