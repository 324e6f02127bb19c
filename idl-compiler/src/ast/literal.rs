//! From the text of tokens to what they mean.

use std::borrow::Cow;

/// The text between a literal's quotes with its escapes replaced. A bad escape, which the lexer has
/// reported, stays as written.
pub(crate) fn text(literal: &str) -> Cow<'_, str> {
    let inner = literal.get(1..).unwrap_or_default();
    let inner = match literal.chars().next() {
        Some(quote) => inner.strip_suffix(quote).unwrap_or(inner),
        None => inner,
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' {
            chars.clone().next().and_then(escape)
        } else {
            None
        };
        if escaped.is_some() {
            chars.next();
        }
        out.push(escaped.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// What a backslash and this character stand for.
pub(crate) fn escape(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '"' | '\'' | '\\' => Some(c),
        _ => None,
    }
}

/// The value of an integer token, or `None` if it needs more than 64 bits.
pub(crate) fn integer(token: &str) -> Option<i64> {
    let (sign, digits) = match token.as_bytes().first() {
        Some(b'+') => ("", &token[1..]),
        Some(b'-') => ("-", &token[1..]),
        _ => ("", token),
    };
    match (digits.strip_prefix("0x"), sign) {
        (None, "") => digits.parse().ok(),
        (None, _) => token.parse().ok(),
        (Some(hex), "") => i64::from_str_radix(hex, 16).ok(),
        (Some(hex), _) => i64::from_str_radix(&format!("-{hex}"), 16).ok(),
    }
}

/// The 16 bytes of a UUID of 36 characters, or 38 with braces.
pub(crate) fn uuid(text: &str) -> Option<[u8; 16]> {
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or(text);
    let groups: Vec<&str> = inner.split('-').take(6).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex: String = groups.concat();
    if lengths != [8, 4, 4, 4, 12] || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&hex, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_replaced() {
        assert_eq!(text(r#""a\n\"\\'é""#), "a\n\"\\'é");
        assert_eq!(text(r"'\q'"), "\\q");
        assert_eq!(text("\"open"), "open");
        assert_eq!(text(r#""\"#), "\\");
        assert_eq!(text(""), "");
    }

    #[test]
    fn integers_have_64_bits() {
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(integer("-0x1F"), Some(-31));
        assert_eq!(integer("+0x10"), Some(16));
        assert_eq!(integer("+007"), Some(7));
        assert_eq!(integer("0xFFFFFFFFFFFFFFFF"), None);
    }

    #[test]
    fn uuids_have_five_groups() {
        let bytes = [
            0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
            0xff,
        ];
        assert_eq!(uuid("00112233-4455-6677-8899-aabbccddeeff"), Some(bytes));
        assert_eq!(uuid("{00112233-4455-6677-8899-AABBCCDDEEFF}"), Some(bytes));
        assert_eq!(uuid("{00112233-4455-6677-8899-aabbccddeeff"), None);
        assert_eq!(uuid("0011223344556677-8899-aabbccddeeff"), None);
        assert_eq!(uuid("+0112233-4455-6677-8899-aabbccddeeff"), None);
        assert_eq!(uuid(&"-".repeat(100_000)), None);
    }
}
