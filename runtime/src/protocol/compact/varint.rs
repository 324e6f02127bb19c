//! Integers of variable width: seven bits to a byte, lowest first, the top bit set in all but the
//! last byte.
//!
//! More bytes than the width can need, or bits beyond it, are refused: they are how a peer would
//! smuggle in an endless integer, or one that two readers take for different numbers. Zeros that
//! only fill up, as in `80 00`, are read, since some writers reserve room for a length that way.

use crate::fast;

/// Why there is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Flaw {
    /// The bytes end inside it.
    Partial,
    /// It has more bytes or bits than its width allows.
    TooLong,
}

const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// Reads an unsigned integer of 16, 32 or 64 bits and says how many bytes it took.
#[inline]
pub(in crate::protocol) fn read<const BITS: u32>(bytes: &[u8]) -> Result<(u64, usize), Flaw> {
    if let Some(&chunk) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(chunk);
        let ends = !word & TOP_BITS;
        if ends != 0 {
            // Eight bytes at once: keep what is below the first clear top bit, then close the gaps.
            let len = (ends.trailing_zeros() / 8 + 1) as usize;
            let value = gather(word & (ends ^ (ends - 1)));
            return checked::<BITS>(value, len);
        }
    }
    read_bytewise::<BITS>(bytes)
}

/// Bytes that [`Block`] looks at in one step, and so the most integers that it holds.
pub(super) const BLOCK: usize = 64;

/// The last integer of a block is read together with bytes behind it.
const WINDOW: usize = BLOCK + 16;

/// The integers of a block of bytes.
///
/// Where an integer starts is known only when the one before has been looked at, and so one read
/// waits for the other. Here the ends of a whole block are found first; then the integers between
/// them do not wait for each other, and closing their gaps is a loop that the compiler turns into
/// vector instructions.
pub(super) struct Block<const BITS: u32> {
    values: [u64; BLOCK],
    /// What the ninth and tenth byte add.
    tops: [u64; BLOCK],
    count: usize,
}

impl<const BITS: u32> Block<BITS> {
    pub(super) fn new() -> Self {
        Self {
            values: [0; BLOCK],
            tops: [0; BLOCK],
            count: 0,
        }
    }

    /// Reads at most `left` integers from the start of these bytes, and says how many bytes they
    /// took; 0 when the bytes are too few for this way.
    #[inline(always)]
    pub(super) fn read(&mut self, bytes: &[u8], left: usize) -> Result<usize, Flaw> {
        let Some(window) = bytes.first_chunk::<WINDOW>() else {
            self.count = 0;
            return Ok(0);
        };
        let start = self.split(window, left)?;
        let mut bits = 0;
        for (value, &top) in self.values[..self.count].iter_mut().zip(&self.tops) {
            *value = gather(*value) | top;
            bits |= *value;
        }
        checked::<BITS>(bits, 1)?;
        Ok(start)
    }

    /// The integers read last.
    #[inline(always)]
    pub(super) fn values(&self) -> &[u64] {
        &self.values[..self.count]
    }

    #[inline(always)]
    fn split(&mut self, window: &[u8; WINDOW], left: usize) -> Result<usize, Flaw> {
        let mut ends = ends_of(window);
        let (mut start, mut count) = (0, 0);
        for (value, top) in self.values.iter_mut().zip(&mut self.tops).take(left) {
            if ends == 0 {
                break;
            }
            let next = ends.trailing_zeros() as usize + 1;
            ends &= ends - 1;
            let len = next - start;
            let word = word_at(window, start);
            if len <= 8.min(bytes_max(BITS)) {
                *value = word & (u64::MAX >> (64 - 8 * len));
                *top = 0;
            } else if len <= bytes_max(BITS) {
                let rest = word_at(window, start + 8);
                let tenth = if len == 9 { 0 } else { rest >> 8 & 0xff };
                if tenth > 1 {
                    return Err(Flaw::TooLong);
                }
                *value = word;
                *top = (rest & 0x7f) << 56 | tenth << 63;
            } else {
                return Err(Flaw::TooLong);
            }
            start = next;
            count += 1;
        }
        self.count = count;
        if count == 0 && left > 0 {
            return Err(Flaw::TooLong);
        }
        Ok(start)
    }
}

/// One bit for each byte of the block that ends an integer.
#[inline(always)]
fn ends_of(window: &[u8; WINDOW]) -> u64 {
    let (words, _) = window.as_chunks::<8>();
    let mut ends = 0;
    for (index, word) in words.iter().take(BLOCK / 8).enumerate() {
        let tops = (!u64::from_le_bytes(*word) & TOP_BITS) >> 7;
        // Brings the lowest bits of the eight bytes together in the highest byte.
        let byte = tops.wrapping_mul(0x0102_0408_1020_4080) >> 56;
        ends |= byte << (8 * index);
    }
    ends
}

/// Eight bytes at a place in the block or up to eight behind it.
#[inline(always)]
fn word_at(window: &[u8; WINDOW], place: usize) -> u64 {
    let bytes = window[place.min(WINDOW - 8)..].first_chunk();
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(never)]
fn read_bytewise<const BITS: u32>(bytes: &[u8]) -> Result<(u64, usize), Flaw> {
    let mut value = 0;
    for place in 0..bytes_max(BITS) {
        let Some(&byte) = bytes.get(place) else {
            return Err(Flaw::Partial);
        };
        // The tenth byte holds the one bit that nine bytes leave of 64.
        if place == 9 && byte > 1 {
            return Err(Flaw::TooLong);
        }
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return checked::<BITS>(value, place + 1);
        }
    }
    Err(Flaw::TooLong)
}

/// The most bytes of an integer: 3, 5 or 10.
const fn bytes_max(bits: u32) -> usize {
    bits.div_ceil(7) as usize
}

#[inline(always)]
const fn checked<const BITS: u32>(value: u64, len: usize) -> Result<(u64, usize), Flaw> {
    if len <= bytes_max(BITS) && (BITS == 64 || value >> BITS == 0) {
        Ok((value, len))
    } else {
        Err(Flaw::TooLong)
    }
}

/// Eight times seven bits, from the low ends of eight bytes to the low end of the word.
#[inline(always)]
const fn gather(word: u64) -> u64 {
    let word = word & !TOP_BITS;
    let word = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x3fff_0000_3fff_0000) >> 2;
    (word & 0x0000_0000_0fff_ffff) | (word & 0x0fff_ffff_0000_0000) >> 4
}

/// The reverse of [`gather`], for values of at most 56 bits.
#[inline(always)]
const fn spread(value: u64) -> u64 {
    let word = (value & 0x0000_0000_0fff_ffff) | (value << 4 & 0x0fff_ffff_0000_0000);
    let word = (word & 0x0000_3fff_0000_3fff) | (word << 2 & 0x3fff_0000_3fff_0000);
    (word & 0x007f_007f_007f_007f) | (word << 1 & 0x7f00_7f00_7f00_7f00)
}

/// Appends bytes and an unsigned integer that is mostly small, such as a length.
#[inline(always)]
pub(super) fn write_small<const N: usize>(before: &[u8; N], value: u64, buffer: &mut Vec<u8>) {
    if value < 1 << 7 {
        fast::append_start(buffer, before, &[value.to_le_bytes()[0]], 1);
    } else {
        write(before, value, buffer);
    }
}

/// Appends bytes and an unsigned integer.
///
/// Why can't each length go the shortest way? Because data often has small and larger numbers side by
/// side, and a branch that is guessed wrong costs more than a few steps too many.
#[inline(always)]
pub(super) fn write<const N: usize>(before: &[u8; N], value: u64, buffer: &mut Vec<u8>) {
    if value < 1 << 14 {
        let [low, high, ..] = (value << 1).to_le_bytes();
        let more = u8::from(high != 0);
        fast::append_start(
            buffer,
            before,
            &[low >> 1 | more << 7, high],
            1 + usize::from(more),
        );
    } else if value < 1 << 56 {
        let high_bit = value.ilog2();
        // Bits divided by seven, rounded up.
        let len = (high_bit * 9 + 73) / 64;
        let continued = TOP_BITS & ((1 << (8 * (len - 1))) - 1);
        let word = (spread(value) | continued).to_le_bytes();
        fast::append_start(buffer, before, &word, len as usize);
    } else {
        fast::append_array(buffer, before);
        write_long(value, buffer);
    }
}

/// Nine or ten bytes.
#[inline(never)]
fn write_long(value: u64, buffer: &mut Vec<u8>) {
    let low = (spread(value & ((1 << 56) - 1)) | TOP_BITS).to_le_bytes();
    let [ninth, ..] = spread(value >> 56).to_le_bytes();
    let tenth = (value >> 63).to_le_bytes()[0];
    match tenth {
        0 => fast::append_start(buffer, &low, &[ninth], 1),
        _ => fast::append_start(buffer, &low, &[ninth | 0x80, tenth], 2),
    }
}

/// Small numbers of either sign to small unsigned numbers: 0, -1, 1, -2 to 0, 1, 2, 3.
#[inline(always)]
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The reverse of [`zigzag`].
#[inline(always)]
pub(in crate::protocol) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: u64) {
        let mut bytes = vec![0xaa];
        write(&[], value, &mut bytes);
        let mut small = vec![0xaa];
        write_small(&[], value, &mut small);
        assert_eq!(small, bytes, "{value:#x}");
        let varint = bytes.split_off(1);
        for tail in [0, 1, 7, 20] {
            let mut bytes = varint.clone();
            bytes.extend(vec![0xff; tail]);
            assert_eq!(read::<64>(&bytes), Ok((value, varint.len())), "{value:#x}");
            assert_eq!(read_bytewise::<64>(&bytes), Ok((value, varint.len())));
            let narrow = match u32::try_from(value) {
                Ok(_) => Ok((value, varint.len())),
                Err(_) => Err(Flaw::TooLong),
            };
            assert_eq!(read::<32>(&bytes), narrow, "{value:#x}");
            assert_eq!(read_bytewise::<32>(&bytes), narrow);
        }
        for len in 0..varint.len() {
            assert_eq!(read::<64>(&varint[..len]), Err(Flaw::Partial));
        }
    }

    #[test]
    fn every_length_and_its_neighbours_read_back() {
        for bit in 0..64 {
            for near in [-1, 0, 1] {
                check((1u64 << bit).wrapping_add_signed(near));
            }
        }
        for bits in (0..=64).step_by(7) {
            check(1u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1));
        }
    }

    #[test]
    fn zigzag_keeps_every_extreme() {
        for value in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
    }

    #[test]
    fn refuses_what_is_wider_than_its_type() {
        for tail in [0, 10] {
            let with_tail = |bytes: &[u8]| [bytes, &vec![0; tail]].concat();
            assert_eq!(read::<16>(&with_tail(&[0xff, 0xff, 0x03])), Ok((0xffff, 3)));
            assert_eq!(
                read::<16>(&with_tail(&[0xff, 0xff, 0x04])),
                Err(Flaw::TooLong)
            );
            let filled = with_tail(&[0x80, 0x80, 0x80, 0x80, 0x00]);
            assert_eq!(read::<32>(&filled), Ok((0, 5)));
            assert_eq!(read::<16>(&filled), Err(Flaw::TooLong));
            let nine = [0xff; 9];
            assert_eq!(
                read::<64>(&with_tail(&[&nine[..], &[1]].concat())),
                Ok((u64::MAX, 10))
            );
            assert_eq!(
                read::<64>(&with_tail(&[&nine[..], &[2]].concat())),
                Err(Flaw::TooLong)
            );
            assert_eq!(
                read::<64>(&with_tail(&[&nine[..], &[0x81, 0]].concat())),
                Err(Flaw::TooLong)
            );
        }
        assert_eq!(read::<32>(&[0x80; 5]), Err(Flaw::TooLong));
    }
}
