typedef void Nothing
