//! Passes over structs that nobody wants.
//!
//! As in the compact protocol, an error is only `None`, and the caller then goes the way that can
//! say what and where it is.

use super::{STOP, bytes_min};
use crate::wire::WireType;

/// What values may be.
pub(super) struct Bounds {
    pub(super) string_bytes_max: usize,
    pub(super) container_elements_max: usize,
}

/// How many bytes a value of each type takes, if it is always the same; else 0.
const WIDTHS: [u8; 17] = {
    let mut widths = [0; 17];
    widths[WireType::Bool as usize] = 1;
    widths[WireType::I8 as usize] = 1;
    widths[WireType::I16 as usize] = 2;
    widths[WireType::I32 as usize] = 4;
    widths[WireType::I64 as usize] = 8;
    widths[WireType::Double as usize] = 8;
    widths[WireType::Uuid as usize] = 16;
    widths
};

const STRING: u8 = WireType::String as u8;
const STRUCT: u8 = WireType::Struct as u8;
const HEADER: usize = 3;

/// What follows the fields of a struct and its end. `depth` is how many levels may be opened in it.
pub(super) fn fields<'m>(mut rest: &'m [u8], depth: u32, bounds: &Bounds) -> Option<&'m [u8]> {
    loop {
        let &ty = rest.first()?;
        if ty == STOP {
            return rest.get(1..);
        }
        let width = *WIDTHS.get(usize::from(ty))?;
        rest = match ty {
            _ if width != 0 => rest.get(HEADER + usize::from(width)..)?,
            STRING => string(rest.get(HEADER..)?, bounds)?,
            STRUCT => fields(rest.get(HEADER..)?, depth.checked_sub(1)?, bounds)?,
            ty => value(rest.get(HEADER..)?, WireType::from_byte(ty)?, depth, bounds)?,
        };
    }
}

/// What follows a value.
pub(super) fn value<'m>(
    rest: &'m [u8],
    ty: WireType,
    depth: u32,
    bounds: &Bounds,
) -> Option<&'m [u8]> {
    match ty {
        WireType::String => string(rest, bounds),
        WireType::Struct => fields(rest, depth.checked_sub(1)?, bounds),
        WireType::List | WireType::Set => {
            let (&element, rest) = rest.split_first()?;
            let (len, rest) = count(rest, bounds)?;
            if len == 0 {
                return Some(rest);
            }
            let element = WireType::from_byte(element)?;
            values(rest, len, element, depth.checked_sub(1)?, bounds)
        }
        WireType::Map => {
            let (&[key, value_type], rest) = rest.split_first_chunk()?;
            let (len, mut rest) = count(rest, bounds)?;
            if len == 0 {
                return Some(rest);
            }
            let (key, of) = (WireType::from_byte(key)?, WireType::from_byte(value_type)?);
            let depth = depth.checked_sub(1)?;
            for _ in 0..len {
                rest = value(rest, key, depth, bounds)?;
                rest = value(rest, of, depth, bounds)?;
            }
            Some(rest)
        }
        fixed => rest.get(bytes_min(fixed)..),
    }
}

/// What follows so many values of a type.
pub(super) fn values<'m>(
    mut rest: &'m [u8],
    len: usize,
    ty: WireType,
    depth: u32,
    bounds: &Bounds,
) -> Option<&'m [u8]> {
    match ty {
        WireType::String => {
            for _ in 0..len {
                rest = string(rest, bounds)?;
            }
        }
        WireType::Struct => {
            let depth = depth.checked_sub(1)?;
            for _ in 0..len {
                rest = fields(rest, depth, bounds)?;
            }
        }
        WireType::List | WireType::Set | WireType::Map => {
            for _ in 0..len {
                rest = value(rest, ty, depth, bounds)?;
            }
        }
        fixed => return rest.get(len.checked_mul(bytes_min(fixed))?..),
    }
    Some(rest)
}

#[inline(always)]
fn length(rest: &[u8]) -> Option<(usize, &[u8])> {
    let (&length, rest) = rest.split_first_chunk()?;
    Some((usize::try_from(i32::from_be_bytes(length)).ok()?, rest))
}

#[inline(always)]
fn string<'m>(rest: &'m [u8], bounds: &Bounds) -> Option<&'m [u8]> {
    let (length, rest) = length(rest)?;
    if length > bounds.string_bytes_max {
        return None;
    }
    rest.get(length..)
}

#[inline(always)]
fn count<'m>(rest: &'m [u8], bounds: &Bounds) -> Option<(usize, &'m [u8])> {
    let (len, rest) = length(rest)?;
    if len > bounds.container_elements_max {
        return None;
    }
    Some((len, rest))
}
