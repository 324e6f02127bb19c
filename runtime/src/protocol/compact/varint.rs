//! Integers of variable width: seven bits to a byte, lowest first, the top bit set in all but the
//! last byte.
//!
//! More bytes than the width can need, or bits beyond it, are refused: they are how a peer would
//! smuggle in an endless integer, or one that two readers take for different numbers. Zeros that
//! only fill up, as in `80 00`, are read, since some writers reserve room for a length that way.

/// Why there is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The bytes end inside it.
    Partial,
    /// It has more bytes or bits than its width allows.
    TooLong,
}

const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// Reads an unsigned integer of 16, 32 or 64 bits and says how many bytes it took.
#[inline]
pub(super) fn read<const BITS: u32>(bytes: &[u8]) -> Result<(u64, usize), Flaw> {
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

/// Appends an unsigned integer.
#[inline(always)]
pub(super) fn write(value: u64, buffer: &mut Vec<u8>) {
    let [low, high, ..] = value.to_le_bytes();
    if value < 1 << 7 {
        buffer.push(low);
    } else if value < 1 << 14 {
        buffer.extend_from_slice(&[low | 0x80, high << 1 | low >> 7]);
    } else {
        write_long(value, buffer);
    }
}

#[inline]
fn write_long(value: u64, buffer: &mut Vec<u8>) {
    let bits = u64::BITS - value.leading_zeros();
    let len = bits.div_ceil(7) as usize;
    let start = buffer.len();
    // Whole words are appended and the excess cut off: two stores instead of a loop.
    if let 0..=8 = len {
        let continued = TOP_BITS & ((1 << (8 * (len - 1))) - 1);
        buffer.extend_from_slice(&(spread(value) | continued).to_le_bytes());
    } else {
        let low = spread(value & ((1 << 56) - 1)) | TOP_BITS;
        let high = spread(value >> 56);
        let continued = if len == 10 { 0x80 } else { 0 };
        buffer.extend_from_slice(&low.to_le_bytes());
        buffer.extend_from_slice(&(high | continued).to_le_bytes());
    }
    buffer.truncate(start + len);
}

/// Small numbers of either sign to small unsigned numbers: 0, -1, 1, -2 to 0, 1, 2, 3.
#[inline(always)]
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The reverse of [`zigzag`].
#[inline(always)]
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: u64) {
        let mut bytes = vec![0xaa];
        write(value, &mut bytes);
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
