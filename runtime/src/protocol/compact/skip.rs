//! Passes over values that nobody wants, as fast as their bytes can be looked at.
//!
//! Everything that reading would check of them is checked, but an error is only `None` here: the
//! caller then goes the way that can say what and where it is. It is also what becomes of the few
//! things that are too rare to be handled twice, such as field ids below zero.

use super::{FALSE, LONG_LIST, STOP, bytes_min, is_any_bytes, varint, wire_type};
use crate::wire::WireType;

const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// Levels of structs inside each other that are passed over without recursion.
const LEVELS: usize = 16;

const ID_MAX: usize = i16::MAX as usize;

/// What values may be.
pub(super) struct Bounds {
    pub(super) string_bytes_max: usize,
    pub(super) container_elements_max: usize,
    pub(super) depth: u32,
}

/// A struct whose end has not been seen.
#[derive(Clone, Copy, Default)]
struct Level {
    /// How many more structs of the same list follow it.
    more: usize,
    /// The sum of the differences of ids so far. It only grows until an id is given in full, so
    /// that it is enough to look at it there and at the end.
    last: usize,
    /// How many levels may still be opened in it.
    depth: u32,
}

/// What follows a value.
#[inline]
pub(super) fn value<'m>(rest: &'m [u8], ty: WireType, bounds: &Bounds) -> Option<&'m [u8]> {
    match ty {
        WireType::Struct => structs(rest, 1, bounds.depth, bounds),
        _ => part(rest, ty, bounds.depth, bounds),
    }
}

/// What follows so many values of the same type.
pub(super) fn values<'m>(
    rest: &'m [u8],
    ty: WireType,
    len: usize,
    bounds: &Bounds,
) -> Option<&'m [u8]> {
    elements(rest, ty, len, bounds.depth, bounds)
}

/// What follows so many structs, and all that is in them.
///
/// One loop for structs inside structs too, since most time goes into what surrounds a field, not
/// into passing over it.
fn structs<'m>(mut rest: &'m [u8], len: usize, depth: u32, bounds: &Bounds) -> Option<&'m [u8]> {
    let Some(mut more) = len.checked_sub(1) else {
        return Some(rest);
    };
    let mut depth = depth.checked_sub(1)?;
    let mut last = 0;
    let mut outer = [Level::default(); LEVELS];
    let mut level = 0;
    loop {
        // A header and what most values begin with, looked at together while there is enough.
        let window = match rest.first_chunk::<16>() {
            Some(window) if window[0] > 0x0f => window,
            _ if rest.first() == Some(&STOP) => {
                rest = &rest[1..];
                if last > ID_MAX {
                    return None;
                }
                last = 0;
                if more > 0 {
                    more -= 1;
                } else if level > 0 {
                    level -= 1;
                    Level { more, last, depth } = *outer.get(level)?;
                } else {
                    return Some(rest);
                }
                continue;
            }
            _ => {
                (last, rest) = other_field(rest, last, depth, bounds)?;
                continue;
            }
        };
        let [header, first, ..] = *window;
        last += usize::from(header >> 4);
        let used = match header & 0x0f {
            1 | 2 => 1,
            3 => 2,
            4 => 1 + varint_len::<16>(window)?,
            5 => 1 + varint_len::<32>(window)?,
            6 => 1 + varint_len::<64>(window)?,
            7 => 9,
            8 if first < 0x80 && usize::from(first) <= bounds.string_bytes_max => {
                2 + usize::from(first)
            }
            12 if level < LEVELS => {
                outer[level] = Level { more, last, depth };
                level += 1;
                (more, last, depth) = (0, 0, depth.checked_sub(1)?);
                1
            }
            9 | 10 => {
                let inside = depth.checked_sub(1)?;
                let (ty, len, after) = list_header(&rest[1..], bounds)?;
                if ty != WireType::Struct || len == 0 || level == LEVELS {
                    rest = elements(after, ty, len, inside, bounds)?;
                    continue;
                }
                rest = after;
                outer[level] = Level { more, last, depth };
                level += 1;
                (more, last, depth) = (len - 1, 0, inside.checked_sub(1)?);
                continue;
            }
            code => {
                rest = part(&rest[1..], wire_type(code)?, depth, bounds)?;
                continue;
            }
        };
        rest = rest.get(used..)?;
    }
}

/// A field near the end of the message, or one whose header has the whole id.
#[cold]
#[inline(never)]
fn other_field<'m>(
    rest: &'m [u8],
    last: usize,
    depth: u32,
    bounds: &Bounds,
) -> Option<(usize, &'m [u8])> {
    let (&header, mut rest) = rest.split_first()?;
    let mut id = last + usize::from(header >> 4);
    if header >> 4 == 0 {
        if last > ID_MAX {
            return None;
        }
        let (value, len) = varint::read::<16>(rest).ok()?;
        id = usize::try_from(varint::unzigzag(value)).ok()?;
        rest = rest.get(len..)?;
    }
    let rest = match wire_type(header & 0x0f)? {
        WireType::Bool => rest,
        ty => part(rest, ty, depth, bounds)?,
    };
    Some((id, rest))
}

/// What follows a value that is no struct.
#[inline]
fn part<'m>(rest: &'m [u8], ty: WireType, depth: u32, bounds: &Bounds) -> Option<&'m [u8]> {
    match ty {
        WireType::I16 => after_varint::<16>(rest),
        WireType::I32 => after_varint::<32>(rest),
        WireType::I64 => after_varint::<64>(rest),
        WireType::String => string(rest, bounds),
        WireType::List | WireType::Set => {
            let (ty, len, rest) = list_header(rest, bounds)?;
            elements(rest, ty, len, depth.checked_sub(1)?, bounds)
        }
        WireType::Map => map(rest, depth.checked_sub(1)?, bounds),
        WireType::Struct => structs(rest, 1, depth, bounds),
        WireType::Bool => bools(rest, 1),
        WireType::I8 | WireType::Double | WireType::Uuid => rest.get(bytes_min(ty)..),
    }
}

fn elements<'m>(
    mut rest: &'m [u8],
    ty: WireType,
    len: usize,
    depth: u32,
    bounds: &Bounds,
) -> Option<&'m [u8]> {
    match ty {
        WireType::I16 | WireType::I32 | WireType::I64 if one_byte_each(rest, len) => {
            return rest.get(len..);
        }
        WireType::I16 => return varints::<16>(rest, len),
        WireType::I32 => return varints::<32>(rest, len),
        WireType::I64 => return varints::<64>(rest, len),
        WireType::String => {
            for _ in 0..len {
                rest = string(rest, bounds)?;
            }
        }
        WireType::Struct => return structs(rest, len, depth, bounds),
        WireType::Bool => return bools(rest, len),
        _ if is_any_bytes(ty) => return rest.get(len.checked_mul(bytes_min(ty))?..),
        _ => {
            for _ in 0..len {
                rest = part(rest, ty, depth, bounds)?;
            }
        }
    }
    Some(rest)
}

/// What follows so many bools, each of which is a byte that reading accepts.
fn bools(rest: &[u8], len: usize) -> Option<&[u8]> {
    let (bools, rest) = rest.split_at_checked(len)?;
    bools.iter().all(|&byte| byte <= FALSE).then_some(rest)
}

/// Whether these are a few varints of one byte, as the members of enums are.
#[inline(always)]
fn one_byte_each(rest: &[u8], len: usize) -> bool {
    match rest.first_chunk::<8>() {
        Some(word) if len <= 8 && len > 0 => {
            u64::from_le_bytes(*word) & TOP_BITS & (u64::MAX >> (64 - 8 * len)) == 0
        }
        _ => false,
    }
}

/// What follows so many varints.
///
/// The last byte of each has no top bit, so it is enough to count such bytes, eight at a time, as long
/// as no run of others is so long that it might not fit the type.
fn varints<const BITS: u32>(mut all: &[u8], mut left: usize) -> Option<&[u8]> {
    while left > 0 {
        let (mut rest, mut before) = (all, 0);
        while let Some(word) = rest.first_chunk::<8>() {
            let more = u64::from_le_bytes(*word) & TOP_BITS;
            let ends = (TOP_BITS ^ more).count_ones() as usize;
            if ends >= left || may_be_too_long::<BITS>(before, more) {
                break;
            }
            left -= ends;
            before = more;
            rest = &rest[8..];
        }
        // Back to where the varint starts that goes on here. It and the next few are looked at alone.
        let started = (TOP_BITS ^ before).leading_zeros() as usize / 8;
        all = all.get(all.len() - rest.len() - started..)?;
        for _ in 0..left.min(4) {
            all = after_varint::<BITS>(all)?;
            left -= 1;
        }
    }
    Some(all)
}

/// Whether among the bytes of two words, whose top bits these are, there may be a varint of as many
/// bytes as the type can have, or more.
#[inline(always)]
fn may_be_too_long<const BITS: u32>(before: u64, more: u64) -> bool {
    let run = BITS.div_ceil(7) - 1;
    let ends_before = (TOP_BITS ^ before).leading_zeros() / 8;
    let starts_more = (TOP_BITS ^ more).trailing_zeros() / 8;
    if ends_before + starts_more >= run {
        return true;
    }
    // Within a word: the bits that start a run, of twice the length with each step.
    let (mut runs, mut len) = (more, 1);
    while len < run {
        let step = len.min(run - len);
        runs &= runs.checked_shr(8 * step).unwrap_or(0);
        len += step;
    }
    runs != 0
}

/// How long the varint behind the header is.
#[inline(always)]
fn varint_len<const BITS: u32>(window: &[u8; 16]) -> Option<usize> {
    let word = window[1..].first_chunk::<8>()?;
    let ends = !u64::from_le_bytes(*word) & TOP_BITS;
    let len = (ends.trailing_zeros() / 8 + 1) as usize;
    // With fewer bytes than the most, all bits are within the width.
    if len < BITS.div_ceil(7) as usize && len <= 8 {
        return Some(len);
    }
    longest::<BITS>(&window[1..])
}

#[inline(never)]
fn longest<const BITS: u32>(bytes: &[u8]) -> Option<usize> {
    varint::read::<BITS>(bytes).ok().map(|(_, len)| len)
}

#[inline(always)]
fn after_varint<const BITS: u32>(rest: &[u8]) -> Option<&[u8]> {
    let &first = rest.first()?;
    let len = if first < 0x80 {
        1
    } else {
        longest::<BITS>(rest)?
    };
    rest.get(len..)
}

/// A length or count, and what follows it.
#[inline(always)]
fn length(rest: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, after) = rest.split_first()?;
    if first < 0x80 {
        return Some((first.into(), after));
    }
    let (value, len) = varint::read::<32>(rest).ok()?;
    let length = i32::try_from(value).ok()?;
    Some((usize::try_from(length).ok()?, rest.get(len..)?))
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
fn list_header<'m>(rest: &'m [u8], bounds: &Bounds) -> Option<(WireType, usize, &'m [u8])> {
    let (&header, rest) = rest.split_first()?;
    let (len, rest) = match usize::from(header >> 4) {
        LONG_LIST => length(rest)?,
        len => (len, rest),
    };
    // Some writers put 0 for the type of an empty list.
    if len == 0 {
        return Some((WireType::Bool, 0, rest));
    }
    if len > bounds.container_elements_max {
        return None;
    }
    Some((wire_type(header & 0x0f)?, len, rest))
}

fn map<'m>(rest: &'m [u8], depth: u32, bounds: &Bounds) -> Option<&'m [u8]> {
    let (len, rest) = length(rest)?;
    if len == 0 {
        return Some(rest);
    }
    if len > bounds.container_elements_max {
        return None;
    }
    let (&types, mut rest) = rest.split_first()?;
    let (key, of) = (wire_type(types >> 4)?, wire_type(types & 0x0f)?);
    if is_any_bytes(key) && is_any_bytes(of) {
        return rest.get(len.checked_mul(bytes_min(key) + bytes_min(of))?..);
    }
    for _ in 0..len {
        rest = part(rest, key, depth, bounds)?;
        rest = part(rest, of, depth, bounds)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One varint after the other, as reading does it.
    fn one_by_one<const BITS: u32>(mut rest: &[u8], len: usize) -> Option<&[u8]> {
        for _ in 0..len {
            let (_, used) = varint::read::<BITS>(rest).ok()?;
            rest = &rest[used..];
        }
        Some(rest)
    }

    fn same<const BITS: u32>(bytes: &[u8]) {
        for len in 0..=bytes.len() {
            let expected = one_by_one::<BITS>(bytes, len);
            assert_eq!(varints::<BITS>(bytes, len), expected, "{len} of {bytes:x?}");
        }
    }

    #[test]
    fn counting_ends_is_reading_one_by_one() {
        // Runs of continued bytes of each length, at each place.
        for run in 0..13 {
            for place in 0..20 {
                for last in [0x00, 0x01, 0x03, 0x0f, 0x10, 0x7f] {
                    let mut bytes = vec![1; place];
                    bytes.extend(vec![0x81; run]);
                    bytes.push(last);
                    bytes.extend([2; 17]);
                    same::<16>(&bytes);
                    same::<32>(&bytes);
                    same::<64>(&bytes);
                    bytes.truncate(place + run);
                    same::<64>(&bytes);
                }
            }
        }
    }

    #[test]
    fn counting_ends_of_many_lengths_side_by_side() {
        let mut state = 1_u64;
        for _ in 0..200 {
            let mut bytes = Vec::new();
            for _ in 0..40 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                varint::write(&[], state >> (state >> 58), &mut bytes);
            }
            same::<16>(&bytes);
            same::<32>(&bytes);
            same::<64>(&bytes);
        }
    }
}
