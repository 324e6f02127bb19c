//! What safe Rust has no fast way to say: the runtime's only `unsafe` but for that of shared memory,
//! `transport/shm/memory.rs`.
//!
//! Each use says why it is sound, and what it gains; one that gains less than a tenth has no place
//! here. `.ci/run` runs the tests of this module under valgrind.

#![allow(unsafe_code, reason = "one of two places, see above")]

use std::ptr;
use std::str::{self, Utf8Error};

use crate::protocol::Number;

const WORD: usize = size_of::<u64>();
const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// Checks that bytes are UTF-8, as [`str::from_utf8`] does. Text is mostly short and ASCII, which
/// takes a few instructions here; the rest is left to the library.
///
/// Gains 36 % of the instructions of reading `medium` again in the binary protocol, 18 % of reading it
/// anew (`--bench instructions`).
#[inline(always)]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    if is_ascii(bytes) {
        // SAFETY: every byte is below 0x80, and such bytes are UTF-8.
        Ok(unsafe { str::from_utf8_unchecked(bytes) })
    } else {
        str::from_utf8(bytes)
    }
}

/// Whether every byte is below 0x80. The last word is read from the end, so that it may overlap the
/// one before and no byte is looked at alone.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    let bits = match (bytes.first_chunk::<WORD>(), bytes.last_chunk::<WORD>()) {
        (Some(first), Some(last)) if bytes.len() <= 2 * WORD => word(first) | word(last),
        (Some(_), Some(last)) => long_bits(bytes) | word(last),
        _ => short_bits(bytes),
    };
    bits & TOP_BITS == 0
}

#[inline(always)]
fn word(bytes: &[u8; WORD]) -> u64 {
    u64::from_ne_bytes(*bytes)
}

/// All bits that are set in the bytes, but perhaps not in those of the last word.
#[inline(always)]
fn long_bits(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<{ 2 * WORD }>();
    let mut bits = 0;
    for pair in pairs {
        let (first, last) = pair.split_at(WORD);
        for half in [first, last] {
            bits |= half.first_chunk().map_or(0, word);
        }
    }
    bits | rest.first_chunk().map_or(0, word)
}

/// The same for fewer bytes than a word has.
#[inline(always)]
fn short_bits(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last))
        }
        _ => bytes.iter().fold(0, |bits, &byte| bits | u64::from(byte)),
    }
}

/// Appends as many bytes as the type says.
///
/// Gains, with [`append_start`], 30 % of the instructions of encoding `medium`, binary and compact.
#[inline(always)]
pub(crate) fn append_array<const N: usize>(buffer: &mut Vec<u8>, bytes: &[u8; N]) {
    append_start(buffer, bytes, &[], 0);
}

/// Appends an array and the first bytes of another, making room once. Copying the whole of the
/// other is faster than copying a number of bytes that only the program knows.
#[inline(always)]
pub(crate) fn append_start<const M: usize, const N: usize>(
    buffer: &mut Vec<u8>,
    first: &[u8; M],
    second: &[u8; N],
    count: usize,
) {
    buffer.reserve(M + N);
    // SAFETY: `reserve` made room for `M + N` bytes behind the length, all of which are written;
    // the new length takes in no more than them. The borrows say that no places overlap.
    unsafe {
        let len = buffer.len();
        let end = buffer.as_mut_ptr().add(len);
        ptr::copy_nonoverlapping(first.as_ptr(), end, M);
        ptr::copy_nonoverlapping(second.as_ptr(), end.add(M), N);
        buffer.set_len(len + M + count.min(N));
    }
}

/// Appends bytes, of which there are mostly few: up to 32 are copied in two overlapping halves,
/// without a call.
///
/// Gains a tenth of the time of encoding `medium` in the compact protocol (`--bench codec`).
#[inline(always)]
pub(crate) fn append(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let count = bytes.len();
    buffer.reserve(count);
    // SAFETY: as above. Of the sizes given to `copy_ends`, each is at most `count`, and twice it is
    // at least `count`.
    unsafe {
        let len = buffer.len();
        let (from, to) = (bytes.as_ptr(), buffer.as_mut_ptr().add(len));
        match count {
            17..=32 => copy_ends::<16>(from, to, count),
            8..=16 => copy_ends::<8>(from, to, count),
            4..=7 => copy_ends::<4>(from, to, count),
            2..=3 => copy_ends::<2>(from, to, count),
            _ => ptr::copy_nonoverlapping(from, to, count),
        }
        buffer.set_len(len + count);
    }
}

/// Copies the first and the last `HALF` of `count` bytes.
///
/// # Safety
/// Both pointers are good for `count` bytes, apart from each other, and `count` is at least `HALF`.
#[inline(always)]
unsafe fn copy_ends<const HALF: usize>(from: *const u8, to: *mut u8, count: usize) {
    let last = count - HALF;
    // SAFETY: the caller's promise; `last + HALF` is `count`. Both are read before one is written,
    // so that neither copy needs a place in memory.
    unsafe {
        let head = from.cast::<[u8; HALF]>().read_unaligned();
        let tail = from.add(last).cast::<[u8; HALF]>().read_unaligned();
        to.cast::<[u8; HALF]>().write_unaligned(head);
        to.add(last).cast::<[u8; HALF]>().write_unaligned(tail);
    }
}

/// Appends numbers, most significant byte first.
///
/// The wider registers gain 73 % of the time of encoding 10 000 numbers (`--bench codec -- longs`).
pub(crate) fn append_big_endian<T: Number>(buffer: &mut Vec<u8>, values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn append_avx2<T: Number>(buffer: &mut Vec<u8>, values: &[T]) {
        append_each(buffer, values, T::to_big_endian);
    }

    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature.
        return unsafe { append_avx2(buffer, values) };
    }
    append_each(buffer, values, T::to_big_endian);
}

/// Appends numbers, least significant byte first.
pub(crate) fn append_little_endian<T: Number>(buffer: &mut Vec<u8>, values: &[T]) {
    append_each(buffer, values, T::to_little_endian);
}

/// Writing into room that was not cleared first gains about a third of the time for lists of 10 000
/// numbers in the binary protocol, and nearly half of it for doubles in the compact one
/// (`--bench codec`).
#[inline(always)]
fn append_each<T: Number>(buffer: &mut Vec<u8>, values: &[T], bytes: impl Fn(T) -> T::Bytes) {
    let count = size_of_val(values);
    buffer.reserve(count);
    let room = &mut buffer.spare_capacity_mut()[..count];
    for (place, &value) in room.chunks_exact_mut(size_of::<T>()).zip(values) {
        place.write_copy_of_slice(bytes(value).as_ref());
    }
    // SAFETY: the loop has written the `size_of::<T>()` bytes of each value, in all `count`.
    unsafe { buffer.set_len(buffer.len() + count) };
}

/// Appends to the vector the numbers that the bytes hold, most significant byte first.
///
/// The wider registers gain 72 % of the time of decoding 10 000 numbers.
pub(crate) fn read_big_endian<T: Number>(bytes: &[u8], values: &mut Vec<T>) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn read_avx2<T: Number>(bytes: &[u8], values: &mut Vec<T>) {
        read_each(bytes, values, T::from_big_endian);
    }

    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature.
        return unsafe { read_avx2(bytes, values) };
    }
    read_each(bytes, values, T::from_big_endian);
}

/// Appends to the vector the numbers that the bytes hold, least significant byte first.
pub(crate) fn read_little_endian<T: Number>(bytes: &[u8], values: &mut Vec<T>) {
    read_each(bytes, values, T::from_little_endian);
}

#[inline(always)]
fn read_each<T: Number>(bytes: &[u8], values: &mut Vec<T>, value: impl Fn(&[u8]) -> T) {
    values.extend(bytes.chunks_exact(size_of::<T>()).map(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_every_length_to_every_room() {
        let source: Vec<u8> = (1..=100).collect();
        for count in 0..=source.len() {
            for room in 0..=count + 1 {
                let mut buffer = Vec::with_capacity(3 + room);
                buffer.extend_from_slice(b"abc");
                append(&mut buffer, &source[..count]);
                assert_eq!(buffer, [b"abc", &source[..count]].concat());
            }
        }
        for room in 0..20 {
            let mut buffer = Vec::with_capacity(room);
            append_array(&mut buffer, b"0123456789");
            append_array(&mut buffer, b"");
            append_array(&mut buffer, b"x");
            assert_eq!(buffer, b"0123456789x");
        }
    }

    #[test]
    fn appends_the_start_of_an_array_to_every_room() {
        for room in 0..30 {
            for count in 0..=9 {
                let mut buffer = Vec::with_capacity(room);
                buffer.extend_from_slice(b"ab");
                append_start(&mut buffer, b"cde", b"01234567", count);
                let end = &b"01234567"[..count.min(8)];
                assert_eq!(buffer, [b"abcde", end].concat());
            }
        }
    }

    fn appends_and_reads<T: Number + PartialEq + std::fmt::Debug>(numbers: &[T]) {
        for count in 0..=numbers.len() {
            let numbers = &numbers[..count];
            let size = count * size_of::<T>();
            for room in [0, 1, size, size + 1, 2 * size + 40] {
                let mut buffer = Vec::with_capacity(1 + room);
                buffer.push(7);
                append_big_endian(&mut buffer, numbers);
                append_little_endian(&mut buffer, numbers);
                assert_eq!(buffer.len(), 1 + 2 * size);
                let (big, little) = buffer[1..].split_at(size);
                let each = big
                    .chunks(size_of::<T>())
                    .zip(little.chunks(size_of::<T>()));
                for (big, little) in each {
                    assert!(big.iter().eq(little.iter().rev()));
                }
                let mut values: Vec<T> = Vec::with_capacity(room / size_of::<T>());
                read_big_endian(big, &mut values);
                assert_eq!(values, numbers);
                values.clear();
                read_little_endian(little, &mut values);
                assert_eq!(values, numbers);
            }
        }
    }

    #[test]
    fn appends_and_reads_numbers_of_every_count_and_width() {
        let numbers = 0..70_i64;
        let spread = |number: i64| number.wrapping_mul(0x0123_4567_89ab_cdef);
        #[allow(clippy::cast_possible_truncation, reason = "any numbers will do")]
        {
            appends_and_reads(&numbers.clone().map(|n| spread(n) as i8).collect::<Vec<_>>());
            appends_and_reads(
                &numbers
                    .clone()
                    .map(|n| spread(n) as i16)
                    .collect::<Vec<_>>(),
            );
            appends_and_reads(
                &numbers
                    .clone()
                    .map(|n| spread(n) as i32)
                    .collect::<Vec<_>>(),
            );
        }
        appends_and_reads(&numbers.clone().map(spread).collect::<Vec<_>>());
        #[allow(clippy::cast_precision_loss, reason = "any numbers will do")]
        appends_and_reads(&numbers.map(|n| spread(n) as f64).collect::<Vec<_>>());
    }

    #[test]
    fn finds_a_byte_beyond_ascii_at_every_place_of_every_length() {
        for len in 0..100 {
            let mut bytes = vec![b'a'; len];
            assert!(is_ascii(&bytes), "{len}");
            assert_eq!(utf8(&bytes).map(str::len), Ok(len));
            for place in 0..len {
                bytes[place] = 0x80;
                assert!(!is_ascii(&bytes), "{place} of {len}");
                assert_eq!(utf8(&bytes), str::from_utf8(&bytes));
                bytes[place] = b'a';
            }
        }
    }

    #[test]
    fn text_beyond_ascii_is_checked_by_the_library() {
        for text in ["é", "sea pink — Armeria maritima", "海石竹", "🌸🌸🌸🌸🌸"] {
            assert_eq!(utf8(text.as_bytes()), Ok(text));
            for end in 0..text.len() {
                let cut = &text.as_bytes()[..end];
                assert_eq!(utf8(cut), str::from_utf8(cut));
            }
        }
    }
}
