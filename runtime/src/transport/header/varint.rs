//! The numbers of heads: seven bits in each byte, the lowest first.

use crate::error::{Error, ErrorKind, Result};

pub(super) fn put(number: usize, out: &mut Vec<u8>) {
    let mut rest = number;
    loop {
        let low = (rest & 0x7f).to_le_bytes()[0];
        rest >>= 7;
        if rest == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Takes one from the front.
///
/// # Errors
/// When there is none, or it is more than an `i32` holds.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u32> {
    let mut number = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let Some(byte) = bytes.split_off_first() else {
            return Err(malformed("it ends in the middle of a number"));
        };
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return match u32::try_from(number) {
                Ok(number) if i32::try_from(number).is_ok() => Ok(number),
                _ => Err(malformed("a number in it is too large")),
            };
        }
    }
    Err(malformed("a number in it is too long"))
}

#[cold]
pub(super) fn malformed(text: &str) -> Error {
    let text = format!("the head of a frame makes no sense: {text}");
    Error::new(ErrorKind::Malformed, text)
}
