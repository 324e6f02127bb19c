//! Lists of numbers that stay where they are.

use std::fmt;

use crate::codec::Decode;
use crate::codec::views::View;
use crate::error::Result;
use crate::protocol::{Input, Number, Numbers, NumbersIter};
use crate::wire::WireType;

/// A list of `i8`, `i16`, `i32`, `i64` or `double` that refers to the bytes of the message.
///
/// The bytes have been checked, so that reading the numbers cannot fail.
#[derive(Clone)]
pub struct NumbersView<'de, T>(Numbers<'de, T>);

impl<T: Number> NumbersView<'_, T> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One number after the other.
    pub fn iter(&self) -> NumbersIter<'_, T> {
        self.0.iter()
    }

    /// A copy of all, which takes less time than collecting [`iter`](Self::iter).
    pub fn to_vec(&self) -> Vec<T> {
        self.0.to_vec()
    }
}

impl<T: Number + fmt::Debug> fmt::Debug for NumbersView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T> Default for NumbersView<'_, T> {
    fn default() -> Self {
        Self(Numbers::Memory(&[]))
    }
}

impl<T: Number> PartialEq for NumbersView<'_, T>
where
    T: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Number> IntoIterator for &'a NumbersView<'_, T> {
    type Item = T;
    type IntoIter = NumbersIter<'a, T>;

    fn into_iter(self) -> NumbersIter<'a, T> {
        self.iter()
    }
}

impl<'de, T: Number> Decode<'de> for NumbersView<'de, T> {
    const TYPE: WireType = WireType::List;

    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        let header = input.list_begin()?;
        self.0 = if header.len > 0 && header.element == T::TYPE {
            input.numbers_in_place(header.len)?
        } else {
            input.skip_elements(header)?;
            Numbers::Memory(&[])
        };
        input.list_end()
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl<'de, T: Number> View<'de, Vec<T>> for NumbersView<'de, T> {
    fn of(owned: &'de Vec<T>) -> Self {
        Self(Numbers::Memory(owned))
    }

    fn into_owned(self) -> Result<Vec<T>> {
        Ok(self.to_vec())
    }
}
