//! Views: values that borrow from the message they are read from.
//!
//! The view of a struct has the same fields as the struct, with other types: text and bytes are
//! borrowed, containers are read when they are iterated. Emitted code has a view for each struct and
//! union for which one was asked; this module has the views of everything else, and the conversions
//! between a view and the type that it is a view of.
//!
//! | IDL | owned | view |
//! | --- | --- | --- |
//! | numbers, `bool`, `uuid`, enums | `T` | `T` |
//! | `string`, `binary` | `String`, `Vec<u8>` | `Cow<'de, str>`, `Cow<'de, [u8]>` |
//! | list of numbers | `Vec<T>` | [`NumbersView`] |
//! | other lists, sets, maps | `Vec<T>`, … | [`ListView`], [`SetView`], [`MapView`] |
//! | struct, union | `Book` | `BookView<'de>` |

mod list;
mod map;
mod numbers;

use std::borrow::Cow;

use uuid::Uuid;

pub use list::{ListIter, ListView, SetView};
pub use map::{MapIter, MapView};
pub use numbers::NumbersView;

use crate::codec::{Decode, Double};
use crate::error::Result;
use crate::protocol::Input;
use crate::wire::WireType;

/// A type whose values borrow what values of `Owned` own.
pub trait View<'de, Owned>: Decode<'de> {
    /// A view of a value in memory.
    fn of(owned: &'de Owned) -> Self;

    /// Reads and copies everything.
    ///
    /// # Errors
    /// What is wrong with a container's elements is found only when they are read.
    fn into_owned(self) -> Result<Owned>;
}

macro_rules! plain {
    ($($ty:ty),*) => {$(
        impl View<'_, $ty> for $ty {
            #[inline]
            fn of(owned: &Self) -> Self {
                owned.clone()
            }

            #[inline]
            fn into_owned(self) -> Result<Self> {
                Ok(self)
            }
        }
    )*};
}

plain!(bool, i8, i16, i32, i64, f64, Double, Uuid);

impl<'de> Decode<'de> for Cow<'de, str> {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        *self = input.string()?;
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl<'de> Decode<'de> for Cow<'de, [u8]> {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        *self = input.binary()?;
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl<'de> View<'de, String> for Cow<'de, str> {
    fn of(owned: &'de String) -> Self {
        Cow::Borrowed(owned)
    }

    fn into_owned(self) -> Result<String> {
        Ok(Cow::into_owned(self))
    }
}

impl<'de> View<'de, Vec<u8>> for Cow<'de, [u8]> {
    fn of(owned: &'de Vec<u8>) -> Self {
        Cow::Borrowed(owned)
    }

    fn into_owned(self) -> Result<Vec<u8>> {
        Ok(Cow::into_owned(self))
    }
}

#[cfg(feature = "bytes")]
impl<'de> View<'de, bytes::Bytes> for Cow<'de, [u8]> {
    fn of(owned: &'de bytes::Bytes) -> Self {
        Cow::Borrowed(owned)
    }

    fn into_owned(self) -> Result<bytes::Bytes> {
        Ok(Cow::into_owned(self).into())
    }
}

impl<'de, V: View<'de, T>, T> View<'de, Option<T>> for Option<V> {
    fn of(owned: &'de Option<T>) -> Self {
        owned.as_ref().map(V::of)
    }

    fn into_owned(self) -> Result<Option<T>> {
        self.map(V::into_owned).transpose()
    }
}

impl<'de, V: View<'de, T>, T> View<'de, Box<T>> for Box<V>
where
    Self: Decode<'de>,
{
    fn of(owned: &'de Box<T>) -> Self {
        Box::new(V::of(owned))
    }

    fn into_owned(self) -> Result<Box<T>> {
        V::into_owned(*self).map(Box::new)
    }
}

/// Makes an emitted type its own view: it has nothing to borrow.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_own_view {
    ($ty:ty) => {
        impl $crate::codegen::View<'_, $ty> for $ty {
            #[inline]
            fn of(owned: &Self) -> Self {
                ::std::clone::Clone::clone(owned)
            }

            #[inline]
            fn into_owned(self) -> $crate::codegen::Result<Self> {
                ::std::result::Result::Ok(self)
            }
        }
    };
}

/// Implements the standard conversions for an emitted view.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_view {
    ($view:ident, $owned:ty) => {
        impl<'de> ::std::convert::From<&'de $owned> for $view<'de> {
            fn from(owned: &'de $owned) -> Self {
                $crate::codegen::View::of(owned)
            }
        }

        impl<'de> ::std::convert::TryFrom<$view<'de>> for $owned {
            type Error = $crate::codegen::Error;

            fn try_from(view: $view<'de>) -> $crate::codegen::Result<Self> {
                $crate::codegen::View::into_owned(view)
            }
        }
    };
}
