//! Finds the end of a compact message.

use super::varint::{self, Flaw};
use super::{
    KIND_SHIFT, LONG_LIST, OTHER_VERSION, PROTOCOL_ID, STOP, bytes_min, form, is_fixed, wire_type,
};
use crate::protocol::scanner::{Cursor, Grammar, Next, Scan, Walker};
use crate::wire::WireType;

pub(super) type CompactScanner = Walker<CompactGrammar>;

/// How the compact protocol writes headers.
pub(super) struct CompactGrammar;

#[inline]
fn varint<const BITS: u32>(cursor: &mut Cursor<'_>) -> Scan<u64> {
    let rest = cursor.rest();
    if let Some(&byte) = rest.first()
        && byte < 0x80
    {
        cursor.advance(1);
        return Ok(byte.into());
    }
    match varint::read::<BITS>(rest) {
        Ok((value, len)) => {
            cursor.advance(len);
            Ok(value)
        }
        Err(Flaw::Partial) => Err(cursor.missing(rest.len() + 1)),
        Err(Flaw::TooLong) => {
            Err(cursor.malformed("a variable-width integer is longer than its type"))
        }
    }
}

impl Grammar for CompactGrammar {
    fn head(cursor: &mut Cursor<'_>) -> Scan<()> {
        if cursor.byte()? != PROTOCOL_ID {
            let text = "a message does not start with the compact protocol's byte, 82";
            return Err(cursor.malformed(text));
        }
        let version = cursor.byte()?;
        if form(version).is_none() {
            return Err(cursor.malformed(OTHER_VERSION));
        }
        cursor.check_kind(version >> KIND_SHIFT)?;
        varint::<32>(cursor)?;
        let length = Self::length(cursor)?;
        cursor.pass_string(length)
    }

    #[inline]
    fn field(cursor: &mut Cursor<'_>) -> Scan<Next> {
        let byte = cursor.byte()?;
        if byte == STOP {
            return Ok(Next::End);
        }
        let ty = cursor.known(wire_type(byte & 0x0f))?;
        if byte >> 4 == 0 {
            varint::<16>(cursor)?;
        }
        Ok(match ty {
            WireType::Bool => Next::Header,
            ty => Next::Value(ty),
        })
    }

    #[inline]
    fn length(cursor: &mut Cursor<'_>) -> Scan<usize> {
        let length = varint::<32>(cursor)?;
        cursor.not_negative(i32::try_from(length).unwrap_or(-1))
    }

    fn list(cursor: &mut Cursor<'_>) -> Scan<(WireType, usize)> {
        let byte = cursor.byte()?;
        let len = match usize::from(byte >> 4) {
            LONG_LIST => Self::length(cursor)?,
            len => len,
        };
        let element = match len {
            0 => WireType::Bool,
            _ => cursor.known(wire_type(byte & 0x0f))?,
        };
        Ok((element, len))
    }

    fn map(cursor: &mut Cursor<'_>) -> Scan<([WireType; 2], usize)> {
        let len = Self::length(cursor)?;
        if len == 0 {
            return Ok(([WireType::Bool; 2], len));
        }
        let types = cursor.byte()?;
        let key = cursor.known(wire_type(types >> 4))?;
        Ok(([key, cursor.known(wire_type(types & 0x0f))?], len))
    }

    #[inline]
    fn integer(ty: WireType, cursor: &mut Cursor<'_>) -> Scan<()> {
        match ty {
            WireType::I16 => varint::<16>(cursor),
            WireType::I32 => varint::<32>(cursor),
            _ => varint::<64>(cursor),
        }
        .map(drop)
    }

    fn bytes_min(ty: WireType) -> usize {
        bytes_min(ty)
    }

    fn is_fixed(ty: WireType) -> bool {
        is_fixed(ty)
    }
}
