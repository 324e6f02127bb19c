//! Numbers, strings, binaries and uuids.

use std::borrow::Cow;

use uuid::Uuid;

use crate::codec::recycling::{is_too_much, trim};
use crate::codec::{Decode, Encode};
use crate::error::Result;
use crate::protocol::{FieldHeader, Input, Output};
use crate::wire::WireType;

macro_rules! scalars {
    ($($ty:ty: $wire:ident, $function:ident, $field:ident $(, $number:tt)?;)*) => {$(
        impl Encode for $ty {
            const TYPE: WireType = WireType::$wire;

            #[inline(always)]
            fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
                out.$function(*self);
            }

            #[inline(always)]
            fn encode_field<'v, O: Output<'v>>(&'v self,
                out: &mut O,
                last: i16,
                id: i16,
                name: &'static str,
            ) -> bool {
                out.$field(last, id, name, *self);
                true
            }

            $(
                scalars!(@$number);

                #[inline]
                fn encode_all<'v, O: Output<'v>>(values: &'v [Self], out: &mut O) {
                    out.numbers(values);
                }
            )?
        }

        impl<'de> Decode<'de> for $ty {
            const TYPE: WireType = WireType::$wire;

            #[inline(always)]
            fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
                *self = input.$function()?;
                Ok(())
            }

            #[inline(always)]
            fn reset(&mut self) {
                *self = Self::default();
            }

            $(
                scalars!(@$number);

                #[inline]
                fn decode_all<I: Input<'de>>(
                    values: &mut Vec<Self>,
                    len: usize,
                    input: &mut I,
                ) -> Result<()> {
                    trim(values, len);
                    input.numbers(values, len)
                }
            )?
        }
    )*};
    (@numbers) => {};
}

scalars! {
    i8: I8, i8, i8_field, numbers;
    i16: I16, i16, i16_field, numbers;
    i32: I32, i32, i32_field, numbers;
    i64: I64, i64, i64_field, numbers;
    f64: Double, double, double_field, numbers;
    Uuid: Uuid, uuid, uuid_field;
}

/// A `bool` field may carry its value in the header, so both directions go their own way.
impl Encode for bool {
    const TYPE: WireType = WireType::Bool;

    #[inline(always)]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.bool(*self);
    }

    #[inline(always)]
    fn encode_field<'v, O: Output<'v>>(
        &'v self,
        out: &mut O,
        last: i16,
        id: i16,
        name: &'static str,
    ) -> bool {
        out.bool_field(last, id, name, *self);
        true
    }
}

impl<'de> Decode<'de> for bool {
    const TYPE: WireType = WireType::Bool;

    #[inline(always)]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        *self = input.bool()?;
        Ok(())
    }

    #[inline(always)]
    fn reset(&mut self) {
        *self = false;
    }

    #[inline(always)]
    fn try_header<I: Input<'de>>(input: &mut I, last: i16, id: i16) -> Option<FieldHeader> {
        let value = input.try_bool_field(last, id)?;
        Some(FieldHeader {
            id,
            ty: WireType::Bool,
            bool_value: Some(value),
        })
    }

    #[inline(always)]
    fn decode_field<I: Input<'de>>(&mut self, input: &mut I, header: FieldHeader) -> Result<()> {
        *self = match header.bool_value {
            Some(value) => value,
            None => input.bool()?,
        };
        Ok(())
    }
}

impl Encode for str {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.string(self);
    }

    #[inline(always)]
    fn encode_field<'v, O: Output<'v>>(
        &'v self,
        out: &mut O,
        last: i16,
        id: i16,
        name: &'static str,
    ) -> bool {
        out.string_field(last, id, name, self);
        true
    }
}

impl Encode for String {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.string(self);
    }

    #[inline(always)]
    fn encode_field<'v, O: Output<'v>>(
        &'v self,
        out: &mut O,
        last: i16,
        id: i16,
        name: &'static str,
    ) -> bool {
        out.string_field(last, id, name, self);
        true
    }
}

impl<'de> Decode<'de> for String {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        match input.string()? {
            Cow::Borrowed(text) => {
                if is_too_much::<u8>(self.capacity(), text.len()) {
                    *self = Self::new();
                }
                self.clear();
                self.push_str(text);
            }
            Cow::Owned(text) => *self = text,
        }
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        self.clear();
        if is_too_much::<u8>(self.capacity(), 0) {
            *self = Self::new();
        }
    }
}

/// `binary`. Not a list: `u8` is no Thrift type, `list<i8>` is `Vec<i8>`.
impl Encode for Vec<u8> {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.blob(self);
    }
}

impl Encode for [u8] {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.blob(self);
    }
}

impl<'de> Decode<'de> for Vec<u8> {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        match input.binary()? {
            Cow::Borrowed(bytes) => {
                self.clear();
                trim(self, bytes.len());
                self.extend_from_slice(bytes);
            }
            Cow::Owned(bytes) => *self = bytes,
        }
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        self.clear();
        trim(self, 0);
    }
}

#[cfg(feature = "bytes")]
impl Encode for bytes::Bytes {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        out.blob(self);
    }
}

#[cfg(feature = "bytes")]
impl<'de> Decode<'de> for bytes::Bytes {
    const TYPE: WireType = WireType::String;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        *self = match input.binary()? {
            Cow::Borrowed(bytes) => Self::copy_from_slice(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Ok(())
    }

    #[inline]
    fn reset(&mut self) {
        self.clear();
    }
}

/// An optional field. Written when it is there; never an element of a container.
impl<T: Encode> Encode for Option<T> {
    const TYPE: WireType = T::TYPE;

    #[inline(always)]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        if let Some(value) = self {
            value.encode(out);
        }
    }

    #[inline(always)]
    fn encode_field<'v, O: Output<'v>>(
        &'v self,
        out: &mut O,
        last: i16,
        id: i16,
        name: &'static str,
    ) -> bool {
        self.as_ref()
            .is_some_and(|value| value.encode_field(out, last, id, name))
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Option<T> {
    const TYPE: WireType = T::TYPE;

    #[inline(always)]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        self.get_or_insert_default().decode_into(input)
    }

    #[inline(always)]
    fn reset(&mut self) {
        *self = None;
    }

    #[inline(always)]
    fn try_header<I: Input<'de>>(input: &mut I, last: i16, id: i16) -> Option<FieldHeader> {
        T::try_header(input, last, id)
    }

    #[inline(always)]
    fn decode_field<I: Input<'de>>(&mut self, input: &mut I, header: FieldHeader) -> Result<()> {
        self.get_or_insert_default().decode_field(input, header)
    }
}
