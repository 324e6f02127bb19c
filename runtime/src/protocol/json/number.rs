//! Numbers as text.

use std::io::Write as _;

/// Appends an integer.
#[inline]
pub(super) fn write_integer(value: i64, buffer: &mut Vec<u8>) {
    let mut space = [0; 20];
    buffer.extend_from_slice(integer(value, &mut space));
}

/// The digits of an integer, put at the end of the space.
#[inline]
pub(super) fn integer(value: i64, space: &mut [u8; 20]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut start = space.len();
    loop {
        start -= 1;
        space[start] = digit(rest % 10);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        start -= 1;
        space[start] = b'-';
    }
    &space[start..]
}

#[inline(always)]
fn digit(value: u64) -> u8 {
    b'0' + (value % 10).to_le_bytes()[0]
}

/// Appends a finite double as C's `%.17g` does.
///
/// Seventeen digits are enough for every double to be read back exactly, by any correct reader. Why
/// can't we just write the shortest digits that do? Because C++ and Python write these, and a peer
/// that compares bytes, or keeps them, then sees the same ones.
pub(super) fn write_double(value: f64, buffer: &mut Vec<u8>) {
    // `-1.2345678901234567e-300`
    let mut space = [0; 32];
    let mut unused = &mut space[..];
    let written = write!(unused, "{value:.16e}");
    debug_assert!(written.is_ok(), "17 digits and an exponent fit");
    let unused = unused.len();
    let text = &space[..space.len() - unused];

    let (sign, text) = match text.split_first() {
        Some((b'-', text)) => (&b"-"[..], text),
        _ => (&b""[..], text),
    };
    let split = text.iter().position(|&byte| byte == b'e');
    let (mantissa, exponent) = text.split_at(split.unwrap_or(text.len()));
    let exponent = str::from_utf8(exponent)
        .ok()
        .and_then(|exponent| exponent.get(1..)?.parse().ok())
        .unwrap_or(0);
    let mut digits = [0; 17];
    let all = mantissa.iter().filter(|byte| byte.is_ascii_digit());
    for (place, &digit) in digits.iter_mut().zip(all) {
        *place = digit;
    }
    let len = digits.iter().rposition(|&digit| digit != b'0');
    buffer.extend_from_slice(sign);
    place_point(&digits[..=len.unwrap_or(0)], exponent, buffer);
}

/// Writes digits whose first is worth ten to the power of the exponent.
fn place_point(digits: &[u8], exponent: i32, buffer: &mut Vec<u8>) {
    match usize::try_from(exponent) {
        Ok(exponent @ 0..17) => {
            let whole = digits.len().min(exponent + 1);
            buffer.extend_from_slice(&digits[..whole]);
            buffer.resize(buffer.len() + (exponent + 1 - whole), b'0');
            write_fraction(&digits[whole..], buffer);
        }
        Err(_) if exponent >= -4 => {
            buffer.extend_from_slice(b"0.");
            let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
            buffer.resize(buffer.len() + zeros, b'0');
            buffer.extend_from_slice(digits);
        }
        _ => {
            buffer.push(digits[0]);
            write_fraction(&digits[1..], buffer);
            buffer.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
            if exponent.unsigned_abs() < 10 {
                buffer.push(b'0');
            }
            write_integer(exponent.unsigned_abs().into(), buffer);
        }
    }
}

fn write_fraction(digits: &[u8], buffer: &mut Vec<u8>) {
    if !digits.is_empty() {
        buffer.push(b'.');
        buffer.extend_from_slice(digits);
    }
}

/// What stands, in quotes, for a double that no number of JSON is.
pub(super) fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Why text at the start of some bytes is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadInteger {
    /// It is no number.
    Malformed,
    /// It does not fit into 64 bits.
    TooLarge,
}

/// Reads the integer at the start of some bytes, and says how many it took. It may have zeros in
/// front: Apache's Node writes -1 as `-000000000001`.
#[inline]
pub(super) fn read_integer(bytes: &[u8]) -> Result<(i64, usize), BadInteger> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut end = start;
    // Counted downwards: there is one more negative number than there are positive ones.
    let mut value = 0i64;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        let digit = i64::from(digit - b'0');
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_sub(digit))
            .ok_or(BadInteger::TooLarge)?;
        end += 1;
    }
    if end == start {
        return Err(BadInteger::Malformed);
    }
    if !negative {
        value = value.checked_neg().ok_or(BadInteger::TooLarge)?;
    }
    Ok((value, end))
}

/// Whether a byte can be part of a number.
pub(super) const fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Reads all of some text as a finite double, written as JSON allows.
pub(super) fn read_double(text: &[u8]) -> Option<f64> {
    if !is_json_number(text) {
        return None;
    }
    let value: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// `-? (0 | [1-9] [0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
fn is_json_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let Some(text) = (match text {
        [b'0', rest @ ..] => Some(rest),
        _ => strip_digits(text),
    }) else {
        return false;
    };
    let text = match text {
        [b'.', rest @ ..] => strip_digits(rest),
        _ => Some(text),
    };
    let text = match text {
        Some([b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..]) => {
            strip_digits(rest)
        }
        text => text,
    };
    text == Some(b"")
}

fn strip_digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| &text[count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64) -> String {
        let mut buffer = Vec::new();
        write_double(value, &mut buffer);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn doubles_look_as_c_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.10000000000000001"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1.2345e-4, "0.00012344999999999999"),
            (1e-5, "1.0000000000000001e-05"),
            (1e300, "1.0000000000000001e+300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "4.9406564584124654e-324"),
            (std::f64::consts::PI, "3.1415926535897931"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (100.0, "100"),
        ] {
            assert_eq!(written(value), text);
            let read = read_double(text.as_bytes()).map(f64::to_bits);
            assert_eq!(read, Some(value.to_bits()));
        }
    }

    #[test]
    fn doubles_are_read_only_as_json_writes_them() {
        for text in ["1.0E300", "3.0", "-0.0", "1e5", "1E+05", "0.5", "12e-1"] {
            assert!(read_double(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "", "-", ".5", "5.", "+5", "1e", "1e+", "01", "1.e5", "nan", "inf", "1e999", "1 ",
            "--1", "1-", "0x1", "1.2.3",
        ] {
            assert_eq!(read_double(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn integers_read_back() {
        for value in [0, 1, -1, 9, 10, -10, 99, 100, i64::MAX, i64::MIN] {
            let mut buffer = Vec::new();
            write_integer(value, &mut buffer);
            assert_eq!(buffer, value.to_string().as_bytes());
            buffer.push(b',');
            assert_eq!(read_integer(&buffer), Ok((value, buffer.len() - 1)));
        }
        assert_eq!(read_integer(b"-0"), Ok((0, 2)));
        assert_eq!(read_integer(b"00"), Ok((0, 2)));
        assert_eq!(read_integer(b"-000000000001,"), Ok((-1, 13)));
        for text in ["", "-", "+1", "x", " 1"] {
            let read = read_integer(text.as_bytes());
            assert_eq!(read, Err(BadInteger::Malformed), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809"] {
            assert_eq!(read_integer(text.as_bytes()), Err(BadInteger::TooLarge));
        }
        let endless = vec![b'1'; 1 << 20];
        assert_eq!(read_integer(&endless), Err(BadInteger::TooLarge));
    }
}
