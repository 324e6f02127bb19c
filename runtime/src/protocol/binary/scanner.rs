//! Finds the end of a binary message.

use byteorder::{BigEndian, ByteOrder};

use super::{STOP, VERSION_1, VERSION_MASK, bytes_min, is_fixed};
use crate::protocol::scanner::{Cursor, Grammar, Next, Scan, Walker};
use crate::wire::WireType;

pub(super) type BinaryScanner = Walker<BinaryGrammar>;

/// How the binary protocol writes headers.
pub(super) struct BinaryGrammar;

fn int(cursor: &mut Cursor<'_>) -> Scan<i32> {
    cursor
        .array()
        .map(|bytes: [u8; 4]| BigEndian::read_i32(&bytes))
}

/// Some writers put 0 for the types of an empty container.
fn element_type(byte: u8, len: usize, cursor: &Cursor<'_>) -> Scan<WireType> {
    match len {
        0 => Ok(WireType::Bool),
        _ => cursor.known(WireType::from_byte(byte)),
    }
}

impl Grammar for BinaryGrammar {
    fn head(cursor: &mut Cursor<'_>) -> Scan<()> {
        const WRONG: &str = "a message does not start with the binary protocol's version, 80 01";
        let version = VERSION_1.to_be_bytes();
        // Two bytes tell, if they have arrived and say that there is a version at all.
        let seen = cursor.rest();
        let seen = &seen[..seen.len().min(2)];
        if seen.first() >= Some(&0x80) && !version.starts_with(seen) {
            return Err(cursor.malformed(WRONG));
        }
        if seen.len() < 2 {
            return Err(cursor.missing(seen.len() + 1));
        }
        let first = int(cursor)?;
        if let Ok(length) = usize::try_from(first) {
            cursor.pass_string(length)?;
            let kind = cursor.byte()?;
            cursor.check_kind(kind)?;
            return cursor.pass(4);
        }
        let first = first.cast_unsigned();
        if first & VERSION_MASK != VERSION_1 {
            return Err(cursor.malformed(WRONG));
        }
        cursor.check_kind(first.to_be_bytes()[3])?;
        let length = Self::length(cursor)?;
        cursor.pass_string(length)?;
        cursor.pass(4)
    }

    #[inline]
    fn field(cursor: &mut Cursor<'_>) -> Scan<Next> {
        let byte = cursor.byte()?;
        if byte == STOP {
            return Ok(Next::End);
        }
        let ty = cursor.known(WireType::from_byte(byte))?;
        cursor.pass(2)?;
        Ok(Next::Value(ty))
    }

    #[inline]
    fn length(cursor: &mut Cursor<'_>) -> Scan<usize> {
        let length = int(cursor)?;
        cursor.not_negative(length)
    }

    fn list(cursor: &mut Cursor<'_>) -> Scan<(WireType, usize)> {
        let byte = cursor.byte()?;
        let len = Self::length(cursor)?;
        Ok((element_type(byte, len, cursor)?, len))
    }

    fn map(cursor: &mut Cursor<'_>) -> Scan<([WireType; 2], usize)> {
        let [key, value] = cursor.array()?;
        let len = Self::length(cursor)?;
        let key = element_type(key, len, cursor)?;
        Ok(([key, element_type(value, len, cursor)?], len))
    }

    fn integer(ty: WireType, cursor: &mut Cursor<'_>) -> Scan<()> {
        cursor.pass(bytes_min(ty))
    }

    fn bytes_min(ty: WireType) -> usize {
        bytes_min(ty)
    }

    fn is_fixed(ty: WireType) -> bool {
        is_fixed(ty)
    }
}
