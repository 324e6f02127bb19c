//! Lists of numbers, which are read and written in one step where the protocol allows it.

use crate::error::{Error, Result, Step};
use crate::fast;
use crate::protocol::compact::varint;
use crate::protocol::{Input, Output};
use crate::wire::WireType;

mod sealed {
    pub trait Sealed {}
}

/// A number of fixed width in memory: `i8`, `i16`, `i32`, `i64`, `f64`.
pub trait Number: sealed::Sealed + Copy + Default + 'static {
    /// Its wire type.
    const TYPE: WireType;
    /// Its bytes in memory.
    type Bytes: AsRef<[u8]>;

    /// Most significant byte first.
    fn to_big_endian(self) -> Self::Bytes;
    /// The reverse. The bytes must be as many as [`to_big_endian`](Self::to_big_endian) gives.
    fn from_big_endian(bytes: &[u8]) -> Self;
    /// Least significant byte first.
    fn to_little_endian(self) -> Self::Bytes;
    /// The reverse.
    fn from_little_endian(bytes: &[u8]) -> Self;
    /// The number as an `i64`; 0 for `f64`.
    fn to_integer(self) -> i64;
    /// The integer as this type, its low bits where it does not fit; 0 for `f64`.
    fn from_integer(integer: i64) -> Self;
    /// Reads one.
    fn read<'de, I: Input<'de>>(input: &mut I) -> Result<Self>;
    /// Writes one.
    fn write<'v, O: Output<'v>>(self, out: &mut O);
}

macro_rules! numbers {
    ($($ty:ident: $wire:ident, $function:ident, $self:ident => $to:expr, $integer:ident => $from:expr;)*) => {$(
        impl sealed::Sealed for $ty {}

        impl Number for $ty {
            const TYPE: WireType = WireType::$wire;
            type Bytes = [u8; size_of::<$ty>()];

            #[inline(always)]
            fn to_big_endian(self) -> Self::Bytes {
                self.to_be_bytes()
            }

            #[inline(always)]
            fn from_big_endian(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or_else(Self::default, |bytes| Self::from_be_bytes(*bytes))
            }

            #[inline(always)]
            fn to_little_endian(self) -> Self::Bytes {
                self.to_le_bytes()
            }

            #[inline(always)]
            fn from_little_endian(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or_else(Self::default, |bytes| Self::from_le_bytes(*bytes))
            }

            #[inline(always)]
            fn to_integer($self) -> i64 {
                $to
            }

            #[inline(always)]
            #[allow(clippy::cast_possible_truncation, reason = "as documented")]
            fn from_integer($integer: i64) -> Self {
                $from
            }

            #[inline(always)]
            fn read<'de, I: Input<'de>>(input: &mut I) -> Result<Self> {
                input.$function()
            }

            #[inline(always)]
            fn write<'v, O: Output<'v>>(self, out: &mut O) {
                out.$function(self);
            }
        }
    )*};
}

numbers! {
    i8: I8, i8, self => self.into(), integer => integer as Self;
    i16: I16, i16, self => self.into(), integer => integer as Self;
    i32: I32, i32, self => self.into(), integer => integer as Self;
    i64: I64, i64, self => self, integer => integer;
    f64: Double, double, self => 0, _integer => 0.0;
}

/// Reads numbers one by one, for protocols that have no faster way.
pub(crate) fn read_each<'de, T: Number, I: Input<'de>>(
    values: &mut Vec<T>,
    len: usize,
    input: &mut I,
) -> Result<()> {
    values.clear();
    values.reserve(input.room::<T>(len));
    for index in 0..len {
        input.element(index)?;
        let value = T::read(input).map_err(|error| at(error, index))?;
        values.push(value);
    }
    Ok(())
}

#[cold]
fn at(error: Error, index: usize) -> Error {
    error.within(Step::Index(index))
}

/// Writes numbers one by one.
#[inline]
pub(crate) fn write_each<'v, T: Number, O: Output<'v>>(values: &[T], out: &mut O) {
    for (index, &value) in values.iter().enumerate() {
        out.element(index);
        value.write(out);
    }
}

/// A list of numbers where it stands in a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Numbers<'de, T> {
    /// Fixed width, most significant byte first.
    BigEndian(&'de [u8]),
    /// Fixed width, least significant byte first.
    LittleEndian(&'de [u8]),
    /// So many zigzag varints, which have been checked.
    Varints(&'de [u8], usize),
    /// Numbers in memory, which were not read from a message.
    Memory(&'de [T]),
    /// Numbers that had to be copied.
    Copied(Vec<T>),
}

impl<T: Number> Numbers<'_, T> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::BigEndian(bytes) | Self::LittleEndian(bytes) => bytes.len() / size_of::<T>(),
            Self::Varints(_, len) => *len,
            Self::Memory(values) => values.len(),
            Self::Copied(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One number after the other.
    pub fn iter(&self) -> NumbersIter<'_, T> {
        NumbersIter {
            left: self.len(),
            rest: match self {
                Self::BigEndian(bytes) => Numbers::BigEndian(bytes),
                Self::LittleEndian(bytes) => Numbers::LittleEndian(bytes),
                Self::Varints(bytes, len) => Numbers::Varints(bytes, *len),
                Self::Memory(values) => Numbers::Memory(values),
                Self::Copied(values) => Numbers::Memory(values),
            },
        }
    }

    /// A copy of all.
    pub fn to_vec(&self) -> Vec<T> {
        match self {
            Self::BigEndian(bytes) => {
                let mut values = Vec::new();
                fast::read_big_endian(bytes, &mut values);
                values
            }
            Self::LittleEndian(bytes) => {
                let mut values = Vec::new();
                fast::read_little_endian(bytes, &mut values);
                values
            }
            Self::Varints(..) => self.iter().collect(),
            Self::Memory(values) => values.to_vec(),
            Self::Copied(values) => values.clone(),
        }
    }
}

impl<'a, T: Number> IntoIterator for &'a Numbers<'_, T> {
    type Item = T;
    type IntoIter = NumbersIter<'a, T>;

    fn into_iter(self) -> NumbersIter<'a, T> {
        self.iter()
    }
}

/// The numbers of a list in a message.
#[derive(Clone, Debug)]
pub struct NumbersIter<'a, T> {
    rest: Numbers<'a, T>,
    left: usize,
}

impl<T: Number> Iterator for NumbersIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        match &mut self.rest {
            Numbers::BigEndian(bytes) => {
                let (first, rest) = bytes.split_at_checked(size_of::<T>())?;
                *bytes = rest;
                Some(T::from_big_endian(first))
            }
            Numbers::LittleEndian(bytes) => {
                let (first, rest) = bytes.split_at_checked(size_of::<T>())?;
                *bytes = rest;
                Some(T::from_little_endian(first))
            }
            Numbers::Varints(bytes, _) => {
                let (value, len) = varint::read::<64>(bytes).ok()?;
                *bytes = bytes.get(len..)?;
                Some(T::from_integer(varint::unzigzag(value)))
            }
            Numbers::Memory(values) => {
                let (&first, rest) = values.split_first()?;
                *values = rest;
                Some(first)
            }
            // `iter` makes none of these.
            Numbers::Copied(_) => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Number> ExactSizeIterator for NumbersIter<'_, T> {}
