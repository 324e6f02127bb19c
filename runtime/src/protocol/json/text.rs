//! Strings: quotes and escapes.

/// Why text cannot be decoded, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadEscape {
    pub(super) place: usize,
    pub(super) message: &'static str,
}

/// The end of a run of bytes that need no attention when reading: the first `"` or `\`.
#[inline]
pub(super) fn find_delimiter(bytes: &[u8]) -> Option<usize> {
    find(
        bytes,
        |word| zeros(word ^ repeat(b'"')) | zeros(word ^ repeat(b'\\')),
        |byte| matches!(byte, b'"' | b'\\'),
    )
}

/// The end of a run of bytes that are written as they are: the first `"`, `\` or control character.
#[inline]
fn find_special(bytes: &[u8]) -> Option<usize> {
    find(
        bytes,
        |word| {
            let control = word.wrapping_sub(repeat(0x20)) & !word & repeat(0x80);
            control | zeros(word ^ repeat(b'"')) | zeros(word ^ repeat(b'\\'))
        },
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20),
    )
}

/// Finds a byte, eight at a time. `flags` has the top bit of the first wanted byte set and of none
/// before it; what it says of later bytes does not matter.
#[inline(always)]
fn find(bytes: &[u8], flags: impl Fn(u64) -> u64, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, &word) in words.iter().enumerate() {
        let found = flags(u64::from_le_bytes(word));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = tail.iter().position(|&byte| wanted(byte))?;
    Some(words.len() * 8 + found)
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The top bit of the first byte that is zero, and of none before it.
#[inline(always)]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(repeat(1)) & !word & repeat(0x80)
}

/// Appends text between quotes. Only `"`, `\` and control characters are escaped: `/` and DEL are
/// not, and what is not ASCII stays UTF-8.
pub(super) fn write(text: &str, buffer: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    buffer.reserve(rest.len() + 2);
    buffer.push(b'"');
    while let Some(at) = find_special(rest) {
        buffer.extend_from_slice(&rest[..at]);
        write_escape(rest[at], buffer);
        rest = &rest[at + 1..];
    }
    buffer.extend_from_slice(rest);
    buffer.push(b'"');
}

#[inline(never)]
fn write_escape(byte: u8, buffer: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digits = [byte >> 4, byte & 0x0f].map(|digit| HEX[usize::from(digit)]);
            buffer.extend_from_slice(b"\\u00");
            buffer.extend_from_slice(&digits);
            return;
        }
    };
    buffer.extend_from_slice(&[b'\\', short]);
}

/// Decodes the escapes of what stands between quotes. Whether the result is UTF-8 is not checked.
///
/// It is never longer than the text, so a peer cannot make it grow.
pub(super) fn unescape(text: &[u8]) -> Result<Vec<u8>, BadEscape> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut place = 0;
    while let Some(at) = find_delimiter(&text[place..]) {
        decoded.extend_from_slice(&text[place..place + at]);
        place += at;
        place += decode_escape(&text[place..], &mut decoded)
            .map_err(|message| BadEscape { place, message })?;
    }
    decoded.extend_from_slice(&text[place..]);
    Ok(decoded)
}

/// Decodes the escape at the start of the text, and says how many bytes it took.
fn decode_escape(text: &[u8], decoded: &mut Vec<u8>) -> Result<usize, &'static str> {
    let byte = match text.get(1) {
        Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return decode_unicode(text, decoded),
        _ => return Err(r"`\` in a string is followed by none of the characters that JSON allows"),
    };
    decoded.push(byte);
    Ok(2)
}

fn decode_unicode(text: &[u8], decoded: &mut Vec<u8>) -> Result<usize, &'static str> {
    let unit = code_unit(text)?;
    let (scalar, len) = match unit {
        0xd800..0xdc00 => match code_unit(&text[6..]) {
            Ok(low @ 0xdc00..0xe000) => (0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12),
            _ => return Err(LONE),
        },
        _ => (unit, 6),
    };
    let scalar = char::from_u32(scalar).ok_or(LONE)?;
    decoded.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(len)
}

const LONE: &str = r"half of a surrogate pair stands alone in a string";

/// The number in `\u12ab` at the start of the text.
fn code_unit(text: &[u8]) -> Result<u32, &'static str> {
    let Some([b'\\', b'u', digits @ ..]) = text.first_chunk::<6>() else {
        return Err(HEX_DIGITS);
    };
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16).ok_or(HEX_DIGITS)?;
        Ok(unit << 4 | digit)
    })
}

const HEX_DIGITS: &str = r"`\u` in a string is not followed by four hexadecimal digits";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_find_the_first_of_several_at_every_place() {
        for len in 0..40 {
            let plain = vec![b'a'; len];
            assert_eq!(find_special(&plain), None);
            for at in 0..len {
                for special in [0, 1, 0x1f, b'"', b'\\'] {
                    let mut bytes = plain.clone();
                    bytes[at] = special;
                    // Bytes that differ from wanted ones in one bit, before and after.
                    for (index, byte) in bytes.iter_mut().enumerate() {
                        if index != at {
                            *byte = [0x20, b'#', b'!', b'[', b']', 0x80, 0xa2, 0xff][index % 8];
                        }
                    }
                    assert_eq!(find_special(&bytes), Some(at));
                    bytes[len - 1] = special;
                    assert_eq!(find_special(&bytes), Some(at));
                    let delimiter = matches!(special, b'"' | b'\\').then_some(at);
                    assert_eq!(find_delimiter(&bytes), delimiter);
                }
            }
        }
    }

    #[test]
    fn escapes_only_what_must_be() {
        let mut buffer = Vec::new();
        let text = "\0\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f} \"/\\\u{7f}é🦀";
        write(text, &mut buffer);
        let written = r#""\u0000\u0001\b\t\n\u000b\f\r\u001f \"/\\"#.to_owned() + "\u{7f}é🦀\"";
        assert_eq!(String::from_utf8_lossy(&buffer), written);
        let decoded = unescape(&buffer[1..buffer.len() - 1]);
        assert_eq!(decoded.as_deref(), Ok(text.as_bytes()));
    }

    #[test]
    fn decodes_surrogate_pairs_and_refuses_halves() {
        let decode = |text: &str| unescape(text.as_bytes()).map(|b| String::from_utf8(b).unwrap());
        assert_eq!(decode(r"\ud83e\udd80\/").as_deref(), Ok("🦀/"));
        assert_eq!(decode(r"\uD83E\uDD80").as_deref(), Ok("🦀"));
        assert_eq!(decode(r"\u00e9\uffff").as_deref(), Ok("é\u{ffff}"));
        for (text, place) in [
            (r"ab\ud83e", 2),
            (r"\udd80", 0),
            (r"\udd80\ud83e", 0),
            (r"\ud83ex", 0),
            (r"\ud83e\n", 0),
            (r"\ud83e\u0041", 0),
            (r"\ud83e\ud83e", 0),
            (r"a\u12", 1),
            (r"\u12g4", 0),
            (r"\u+123", 0),
            (r"\x41", 0),
            (r"x\", 1),
        ] {
            assert_eq!(decode(text).map_err(|bad| bad.place), Err(place), "{text}");
        }
    }
}
