//! Values to bytes and back: what emitted code is written in terms of.
//!
//! A type is read by [`Decode`] and written by [`Encode`]. Emitted structs do not implement these
//! themselves: they implement [`EncodeStruct`] and [`DecodeStruct`], about a line for each field, and the
//! loop over fields, the wire-type check, skipping, depth and error paths live in `structs.rs` once.
//!
//! Why can't we just emit the loop? Because then every fix of it means generating again, and because
//! a reader of emitted code wants to see the IDL, not the loop.

mod application;
mod containers;
mod double;
mod enums;
mod exceptions;
mod linked;
mod projection;
mod readable;
mod recycling;
mod scalars;
mod structs;
mod transcode;
mod unknown;
mod unknown_fields;
mod views;

pub use application::ApplicationException;
pub use double::Double;
pub use enums::{Enum, UnknownName, fmt_enum};
pub use exceptions::{fmt_exception, fmt_fields};
pub use linked::{Linked, encode_linked};
pub use projection::{FieldName, Mask, MaskBuilder, project, project_into};
pub use readable::{DebugText, debug_text, to_simple_json, to_simple_json_pretty};
pub(crate) use structs::write_struct;
pub use structs::{DecodeStruct, EncodeStruct, Struct, StructReader, StructWriter};
pub use transcode::transcode;
pub use unknown::UnknownField;
pub use unknown_fields::UnknownFields;
pub use views::{ListIter, ListView, MapIter, MapView, NumbersView, SetView, View};

use std::mem;

use crate::error::{ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{FieldHeader, Input, Output, Protocol};
use crate::wire::WireType;

/// A value that can be written.
pub trait Encode {
    /// Its wire type.
    const TYPE: WireType;

    /// Writes the value alone, as an element of a container.
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O);

    /// Writes the value as a field, and says whether it did: `None` writes nothing.
    #[inline(always)]
    fn encode_field<'v, O: Output<'v>>(
        &'v self,
        out: &mut O,
        last: i16,
        id: i16,
        name: &'static str,
    ) -> bool {
        out.field(last, id, Self::TYPE, name);
        self.encode(out);
        out.field_end();
        true
    }

    /// Writes the elements of a list.
    #[inline]
    fn encode_all<'v, O: Output<'v>>(values: &'v [Self], out: &mut O)
    where
        Self: Sized,
    {
        for (index, value) in values.iter().enumerate() {
            out.element(index);
            value.encode(out);
        }
    }
}

/// A value that can be read into a place that may hold an earlier value, whose memory is used again.
///
/// After an error the place holds some valid value, partly new.
pub trait Decode<'de>: Default {
    /// Its wire type.
    const TYPE: WireType;

    /// Reads the value alone, as an element of a container.
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()>;

    /// Back to the value that an absent field has when its IDL gives no default.
    fn reset(&mut self);

    /// Consumes the next field header if it is exactly this field's. The fast path of every struct.
    #[inline(always)]
    fn try_header<I: Input<'de>>(input: &mut I, last: i16, id: i16) -> Option<FieldHeader> {
        let header = FieldHeader {
            id,
            ty: Self::TYPE,
            bool_value: None,
        };
        input.try_field(last, id, Self::TYPE).then_some(header)
    }

    /// Reads the value after a field header of the right type.
    #[inline(always)]
    fn decode_field<I: Input<'de>>(&mut self, input: &mut I, header: FieldHeader) -> Result<()> {
        let _ = header;
        self.decode_into(input)
    }

    /// Reads the elements of a list into a vector that holds those of an earlier one.
    #[inline]
    fn decode_all<I: Input<'de>>(values: &mut Vec<Self>, len: usize, input: &mut I) -> Result<()> {
        containers::decode_elements(values, len, input)
    }
}

/// A struct, union or exception as the bytes of one protocol, without a message around it.
#[inline]
pub fn to_vec<P: Protocol>(value: &impl Encode) -> Result<Vec<u8>> {
    to_vec_with::<P>(value, &Limits::default())
}

/// The same under other limits, of which only [`depth_max`](Limits::depth_max) matters.
#[inline]
pub fn to_vec_with<P: Protocol>(value: &impl Encode, limits: &Limits) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encode_to_with::<P>(value, &mut bytes, limits)?;
    Ok(bytes)
}

/// Appends the value's bytes to a buffer.
///
/// # Errors
/// [`Limit`](ErrorKind::Limit) when the value is deeper than the default
/// [`depth_max`](Limits::depth_max); the buffer is then as long as before.
#[inline]
pub fn encode_to<P: Protocol>(value: &impl Encode, buffer: &mut Vec<u8>) -> Result<()> {
    encode_to_with::<P>(value, buffer, &Limits::default())
}

/// The same under other limits, of which only [`depth_max`](Limits::depth_max) matters.
#[inline]
pub fn encode_to_with<P: Protocol>(
    value: &impl Encode,
    buffer: &mut Vec<u8>,
    limits: &Limits,
) -> Result<()> {
    let start = buffer.len();
    let mut out = P::output(mem::take(buffer), limits);
    value.encode(&mut out);
    let written = out.finish();
    *buffer = written.bytes;
    if written.result.is_err() {
        buffer.truncate(start);
    }
    written.result
}

/// Reads a value that takes up all of the bytes, under the default limits.
pub fn from_slice<'de, P: Protocol, T: Decode<'de>>(bytes: &'de [u8]) -> Result<T> {
    from_slice_with::<P, T>(bytes, &Limits::default())
}

/// Reads a value that takes up all of the bytes.
pub fn from_slice_with<'de, P: Protocol, T: Decode<'de>>(
    bytes: &'de [u8],
    limits: &Limits,
) -> Result<T> {
    let mut value = T::default();
    decode_from::<P, T>(&mut value, bytes, limits)?;
    Ok(value)
}

/// Reads a value that takes up all of the bytes into a place whose memory is used again.
pub fn decode_from<'de, P: Protocol, T: Decode<'de>>(
    value: &mut T,
    bytes: &'de [u8],
    limits: &Limits,
) -> Result<()> {
    decode_with(value, P::input(bytes, 0, limits))
}

fn decode_with<'de, T: Decode<'de>, I: Input<'de>>(value: &mut T, mut input: I) -> Result<()> {
    value.decode_into(&mut input)?;
    match input.remaining() {
        0 => Ok(()),
        _ => Err(input.fail(
            ErrorKind::Malformed,
            "the value ends here, but more bytes follow",
        )),
    }
}
