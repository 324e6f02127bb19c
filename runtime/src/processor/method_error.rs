//! The errors of a function: those that it declares, and whatever else may go wrong.

use crate::codec::{StructReader, StructWriter};
use crate::error::{Error, Result};
use crate::processor::FieldNames;
use crate::protocol::{FieldHeader, Input, Output};

/// What may be an error that no function declares.
pub trait Undeclared: From<Error> {
    /// The error, if it is none that the function declares.
    fn undeclared(&self) -> Option<&Error>;

    /// The same, to be changed.
    fn undeclared_mut(&mut self) -> Option<&mut Error>;
}

impl Undeclared for Error {
    fn undeclared(&self) -> Option<&Error> {
        Some(self)
    }

    fn undeclared_mut(&mut self) -> Option<&mut Error> {
        Some(self)
    }
}

/// The error enum that is emitted for a function.
pub trait MethodError: Undeclared {
    /// Id and name of the result and of each declared exception.
    const FIELDS: FieldNames;

    /// Writes the field of a declared exception, and nothing for any other error.
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>);

    /// Reads a declared exception, or skips the field when it is not one.
    fn decode<'de, I: Input<'de>>(
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<Option<Self>>;
}

/// Implements for an emitted error enum what each of them has: reading and writing, `Display`,
/// `Debug`, `Error`, and `From` for `?`.
///
/// Each line gives the exception's id and name, its variant and its type; `from` before it asks for
/// `From`. `Other` stands for everything that the function does not declare.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_method_error {
    ($ty:ident { $($($from:ident)? $id:literal $name:literal => $variant:ident($exception:path)),* $(,)? }) => {
        $($($crate::impl_from_exception!($from $exception => $ty::$variant);)?)*

        impl $crate::codegen::Undeclared for $ty {
            fn undeclared(&self) -> ::std::option::Option<&$crate::codegen::Error> {
                match self {
                    $(Self::$variant(_) => ::std::option::Option::None,)*
                    Self::Other(error) => ::std::option::Option::Some(error),
                }
            }

            fn undeclared_mut(&mut self) -> ::std::option::Option<&mut $crate::codegen::Error> {
                match self {
                    $(Self::$variant(_) => ::std::option::Option::None,)*
                    Self::Other(error) => ::std::option::Option::Some(error),
                }
            }
        }

        impl $crate::codegen::MethodError for $ty {
            const FIELDS: $crate::codegen::FieldNames = &[(0, "success"), $(($id, $name)),*];

            fn encode<'v, O: $crate::codegen::Output<'v>>(&'v self,
                fields: &mut $crate::codegen::StructWriter<'_, O>,
            ) {
                let _ = &fields;
                match self {
                    $(Self::$variant(exception) => fields.field($id, exception),)*
                    Self::Other(_) => {}
                }
            }

            fn decode<'de, I: $crate::codegen::Input<'de>>(
                field: $crate::codegen::FieldHeader,
                fields: &mut $crate::codegen::StructReader<'_, 'de, I>,
            ) -> $crate::codegen::Result<::std::option::Option<Self>> {
                match field.id {
                    $($id => fields
                        .read_value::<::std::boxed::Box<$exception>>(field)
                        .map(|exception| exception.map(Self::$variant)),)*
                    _ => fields.skip(field).map(|()| ::std::option::Option::None),
                }
            }
        }

        impl ::std::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant(error) => ::std::fmt::Display::fmt(error, f),)*
                    Self::Other(error) => ::std::fmt::Display::fmt(error, f),
                }
            }
        }

        // The sentence, as `Error` has it: what a program shows whose `main` returns the error.
        impl ::std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant(error) if f.alternate() => ::std::fmt::Debug::fmt(error, f),
                    Self::$variant(error) => ::std::fmt::Display::fmt(error, f),)*
                    Self::Other(error) => ::std::fmt::Debug::fmt(error, f),
                }
            }
        }

        impl ::std::error::Error for $ty {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                match self {
                    $(Self::$variant(error) => ::std::option::Option::Some(&**error),)*
                    Self::Other(error) => ::std::option::Option::Some(error),
                }
            }
        }

        impl ::std::convert::From<::std::io::Error> for $ty {
            fn from(error: ::std::io::Error) -> Self {
                Self::Other($crate::codegen::Error::from(error))
            }
        }

        impl ::std::convert::From<$crate::codegen::Error> for $ty {
            fn from(error: $crate::codegen::Error) -> Self {
                Self::Other(error)
            }
        }
    };
}

/// Implements `From` for an exception that only one variant of an error enum holds.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_from_exception {
    (from $exception:path => $ty:ident::$variant:ident) => {
        impl ::std::convert::From<$exception> for $ty {
            fn from(exception: $exception) -> Self {
                Self::$variant(::std::boxed::Box::new(exception))
            }
        }
    };
}

/// Implements `Display` and `Error` for an emitted exception: its name and, if a field is named, the
/// text in that, or else the names and values of its fields.
#[doc(hidden)]
#[macro_export]
macro_rules! impl_exception {
    ($ty:ident; $($field:ident),*) => {
        impl ::std::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::codegen::fmt_fields::<Self>(
                    &[$((::std::stringify!($field), &self.$field)),*],
                    f,
                )
            }
        }

        impl ::std::error::Error for $ty {}
    };
    ($ty:ident, $message:ident) => {
        impl ::std::fmt::Display for $ty {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::codegen::fmt_exception::<Self>(&self.$message, f)
            }
        }

        impl ::std::error::Error for $ty {}
    };
}
