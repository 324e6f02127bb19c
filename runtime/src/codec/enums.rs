//! Enums: an `i32` whose known values have names.
//!
//! Why can't we just emit a Rust `enum`? Because a newer peer may send a member that this IDL does
//! not have, and a value that is read must be written again as it came.

use std::fmt;

/// An enum, as emitted code describes it.
pub trait Enum: Copy {
    /// The name in the IDL.
    const NAME: &'static str;
    /// Number and name of every member, in source order.
    const VALUES: &'static [(i32, &'static str)];

    /// The name of a number, if it has one. The first where several members share it.
    fn name_of(number: i32) -> Option<&'static str> {
        Self::VALUES
            .iter()
            .find(|value| value.0 == number)
            .map(|value| value.1)
    }

    /// The number of a name.
    fn number_of(name: &str) -> Option<i32> {
        Self::VALUES
            .iter()
            .find(|value| value.1 == name)
            .map(|value| value.0)
    }
}

/// A text that names no member of an enum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no member of {of}")]
pub struct UnknownName {
    of: &'static str,
    name: String,
}

impl UnknownName {
    /// `name` is no member of the enum called `of`.
    pub fn new(of: &'static str, name: &str) -> Self {
        Self {
            of,
            name: name.to_owned(),
        }
    }
}

/// Writes `RED`, or `Color(7)` for a number without a name.
pub fn fmt_enum<E: Enum>(number: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match E::name_of(number) {
        Some(name) => f.pad(name),
        None => write!(f, "{}({number})", E::NAME),
    }
}

/// Implements for an emitted enum what every enum has: `Debug`, `Display`, `FromStr`, conversions,
/// and reading and writing.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_enum {
    ($ty:ident) => {
        impl ::std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::codegen::fmt_enum::<Self>(self.0, f)
            }
        }

        impl ::std::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::codegen::fmt_enum::<Self>(self.0, f)
            }
        }

        impl ::std::str::FromStr for $ty {
            type Err = $crate::codegen::UnknownName;

            fn from_str(name: &str) -> ::std::result::Result<Self, Self::Err> {
                <Self as $crate::codegen::Enum>::number_of(name)
                    .map(Self)
                    .ok_or_else(|| {
                        $crate::codegen::UnknownName::new(
                            <Self as $crate::codegen::Enum>::NAME,
                            name,
                        )
                    })
            }
        }

        impl ::std::convert::From<i32> for $ty {
            fn from(number: i32) -> Self {
                Self(number)
            }
        }

        impl ::std::convert::From<$ty> for i32 {
            fn from(value: $ty) -> Self {
                value.0
            }
        }

        impl $crate::codegen::Encode for $ty {
            const TYPE: $crate::codegen::WireType = $crate::codegen::WireType::I32;

            #[inline(always)]
            fn encode<'v, O: $crate::codegen::Output<'v>>(&'v self, out: &mut O) {
                if O::WRITES_NAMES {
                    let name = <Self as $crate::codegen::Enum>::name_of(self.0);
                    out.enumerator(self.0, name.unwrap_or_default());
                } else {
                    out.i32(self.0);
                }
            }
        }

        impl<'de> $crate::codegen::Decode<'de> for $ty {
            const TYPE: $crate::codegen::WireType = $crate::codegen::WireType::I32;

            #[inline(always)]
            fn decode_into<I: $crate::codegen::Input<'de>>(
                &mut self,
                input: &mut I,
            ) -> $crate::codegen::Result<()> {
                self.0 = input.i32()?;
                ::std::result::Result::Ok(())
            }

            #[inline(always)]
            fn reset(&mut self) {
                self.0 = 0;
            }
        }

        $crate::impl_lend_copied!($ty);

        impl $crate::codegen::View<'_, $ty> for $ty {
            #[inline]
            fn of(owned: &Self) -> Self {
                *owned
            }

            #[inline]
            fn into_owned(self) -> $crate::codegen::Result<Self> {
                ::std::result::Result::Ok(self)
            }
        }
    };
}
