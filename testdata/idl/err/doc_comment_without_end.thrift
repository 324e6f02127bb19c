/** unterminated
