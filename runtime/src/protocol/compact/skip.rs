//! Passes over values that nobody wants, as fast as their bytes can be looked at.
//!
//! Everything that reading would check of them is checked, but an error is only `None` here: the
//! caller then goes the way that can say what and where it is.

use super::{LONG_LIST, STOP, bytes_min, is_fixed, wire_type};
use crate::wire::WireType;

const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// What values may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) depth_left: u32,
    pub(super) string_bytes_max: usize,
    pub(super) container_elements_max: usize,
}

impl Bounds {
    #[inline(always)]
    fn deeper(self) -> Option<Self> {
        let depth_left = self.depth_left.checked_sub(1)?;
        Some(Self { depth_left, ..self })
    }
}

/// What follows a value.
#[inline]
pub(super) fn value(rest: &[u8], ty: WireType, bounds: Bounds) -> Option<&[u8]> {
    match ty {
        WireType::Struct => fields(rest, bounds.deeper()?),
        WireType::I16 => varint::<16>(rest),
        WireType::I32 => varint::<32>(rest),
        WireType::I64 => varint::<64>(rest),
        WireType::String => string(rest, bounds),
        WireType::List | WireType::Set => list(rest, bounds.deeper()?),
        WireType::Map => map(rest, bounds.deeper()?),
        WireType::Bool | WireType::I8 | WireType::Double | WireType::Uuid => {
            rest.get(bytes_min(ty)..)
        }
    }
}

/// What follows so many values of the same type.
pub(super) fn values(mut rest: &[u8], ty: WireType, len: usize, bounds: Bounds) -> Option<&[u8]> {
    if is_fixed(ty) {
        return rest.get(len.checked_mul(bytes_min(ty))?..);
    }
    for _ in 0..len {
        rest = value(rest, ty, bounds)?;
    }
    Some(rest)
}

/// What follows the fields of a struct and its end.
fn fields(mut rest: &[u8], bounds: Bounds) -> Option<&[u8]> {
    let mut last = 0;
    loop {
        let (&header, after) = rest.split_first()?;
        if header == STOP {
            return Some(after);
        }
        rest = after;
        if header >> 4 == 0 {
            (last, rest) = field_id(rest)?;
        } else {
            last += i32::from(header >> 4);
            if last > i32::from(i16::MAX) {
                return None;
            }
        }
        rest = match header & 0x0f {
            1 | 2 => rest,
            3 => rest.get(1..)?,
            4 => varint::<16>(rest)?,
            5 => varint::<32>(rest)?,
            6 => varint::<64>(rest)?,
            7 => rest.get(8..)?,
            8 => string(rest, bounds)?,
            9 | 10 => list(rest, bounds.deeper()?)?,
            11 => map(rest, bounds.deeper()?)?,
            12 => fields(rest, bounds.deeper()?)?,
            13 => rest.get(16..)?,
            _ => return None,
        };
    }
}

#[cold]
fn field_id(rest: &[u8]) -> Option<(i32, &[u8])> {
    let (value, len) = super::varint::read::<16>(rest).ok()?;
    let id = i32::try_from(super::varint::unzigzag(value)).ok()?;
    Some((id, rest.get(len..)?))
}

#[inline(always)]
fn varint<const BITS: u32>(rest: &[u8]) -> Option<&[u8]> {
    let &first = rest.first()?;
    if first < 0x80 {
        return rest.get(1..);
    }
    let Some(&word) = rest.first_chunk::<8>() else {
        return long_varint::<BITS>(rest);
    };
    let ends = !u64::from_le_bytes(word) & TOP_BITS;
    // One byte less than the most, so that all bits are within the width.
    let len = (ends.trailing_zeros() / 8 + 1) as usize;
    if len < BITS.div_ceil(7) as usize && len <= 8 {
        rest.get(len..)
    } else {
        long_varint::<BITS>(rest)
    }
}

#[inline(never)]
fn long_varint<const BITS: u32>(rest: &[u8]) -> Option<&[u8]> {
    let (_, len) = super::varint::read::<BITS>(rest).ok()?;
    rest.get(len..)
}

/// A length or count, and what follows it.
#[inline(always)]
fn length(rest: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, after) = rest.split_first()?;
    if first < 0x80 {
        return Some((first.into(), after));
    }
    let (value, len) = super::varint::read::<32>(rest).ok()?;
    let length = i32::try_from(value).ok()?;
    Some((usize::try_from(length).ok()?, rest.get(len..)?))
}

#[inline(always)]
fn string(rest: &[u8], bounds: Bounds) -> Option<&[u8]> {
    let (length, rest) = length(rest)?;
    if length > bounds.string_bytes_max {
        return None;
    }
    rest.get(length..)
}

#[inline]
fn list(rest: &[u8], bounds: Bounds) -> Option<&[u8]> {
    let (&header, rest) = rest.split_first()?;
    let (len, rest) = match usize::from(header >> 4) {
        LONG_LIST => length(rest)?,
        len => (len, rest),
    };
    if len == 0 {
        return Some(rest);
    }
    if len > bounds.container_elements_max {
        return None;
    }
    values(rest, wire_type(header & 0x0f)?, len, bounds)
}

fn map(rest: &[u8], bounds: Bounds) -> Option<&[u8]> {
    let (len, rest) = length(rest)?;
    if len == 0 {
        return Some(rest);
    }
    if len > bounds.container_elements_max {
        return None;
    }
    let (&types, mut rest) = rest.split_first()?;
    let (key, of) = (wire_type(types >> 4)?, wire_type(types & 0x0f)?);
    if is_fixed(key) && is_fixed(of) {
        return rest.get(len.checked_mul(bytes_min(key) + bytes_min(of))?..);
    }
    for _ in 0..len {
        rest = value(rest, key, bounds)?;
        rest = value(rest, of, bounds)?;
    }
    Some(rest)
}
