//! Protocols: how values look as bytes.
//!
//! A protocol sees one whole message as a slice, or appends to a buffer. It does no I/O, knows no
//! socket and no clock. [`Protocol`] ties a reader ([`Input`]) to a writer ([`Output`]);
//! [`ProtocolSet`] lists the protocols that a program is compiled for, so that a configuration can
//! choose among them while each stays monomorphic inside.
//!
//! Why can't we just pass `&mut dyn Input`? Because a virtual call per number doubles the time of
//! decoding. The choice is made once for each message instead, in [`ProtocolSet::visit`].

mod binary;
mod compact;
mod json;
mod message;
mod numbers;
mod reader;
mod scanner;
mod set;
mod text;
mod writer;

use std::borrow::Cow;

pub use binary::{Binary, BinaryInput, BinaryOutput};
pub use compact::{Compact, CompactInput, CompactOutput};
pub use json::{Json, JsonInput, JsonOutput, SimpleJsonOutput};
pub use message::{MessageForm, MessageHead};
pub use numbers::{Number, Numbers, NumbersIter};
pub use set::{ProtocolSet, ProtocolVisitor, Standard, WireProtocol, wire};
pub use text::{TextLimits, TextOutput};
pub use writer::Written;
pub(crate) use writer::parts;

use crate::error::Result;
use crate::limits::Limits;
use crate::wire::WireType;
use uuid::Uuid;

/// A protocol: the type that a program names, as in `to_vec::<Compact>(&value)`.
pub trait Protocol: 'static {
    /// The name in configurations, in lower case.
    const NAME: &'static str;

    /// Whether the bytes of a value mean the same wherever in a message they stand, so that values
    /// which nobody looks at can be copied from one message to another. A reader may say otherwise of
    /// one message: [`has_raw_values`](Input::has_raw_values).
    const RAW_VALUES: bool = false;

    /// Reads one message.
    type Input<'de>: Input<'de>;

    /// Writes one message. `'v` is the lifetime of the values, for writers that refer to them.
    type Output<'v>: Output<'v>;

    /// A reader at an offset of a message: 0 for its start, or where
    /// [`read_head`](WireProtocol::read_head) said that the struct starts.
    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> Self::Input<'de>;

    /// A writer that appends to a buffer, which [`finish`](Output::finish) gives back.
    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> Self::Output<'v>;

    /// A scanner that finds the end of a message in a stream without frames.
    ///
    /// The default finds none: its [`scan`](Scanner::scan) returns a
    /// [`Config`](crate::ErrorKind::Config) error, which says that the protocol cannot be used on a
    /// transport without frames.
    fn scanner(limits: &Limits) -> Box<dyn Scanner> {
        let _ = limits;
        Box::new(scanner::NoScanner(Self::NAME))
    }
}

/// Finds where a message ends in a stream that has no frames.
///
/// It is fed the bytes read so far, again and again as more arrive, and keeps its place: bytes that
/// it has seen are not looked at again.
pub trait Scanner: Send {
    /// Looks at a buffer that starts where the message starts and only ever grows between calls.
    ///
    /// Returns the message's length when it is whole, `None` when more bytes are needed. After a
    /// length was returned the scanner is ready for the next message.
    ///
    /// # Errors
    /// When no continuation of these bytes can be a message, or a limit is passed.
    fn scan(&mut self, buffer: &[u8]) -> Result<Option<usize>>;
}

/// Bytes of memory that the containers of a message may take before their elements were read, when
/// the message itself is short.
pub const ROOM_BYTES_MAX: usize = 64 * 1024;

/// Where a reader is in a message: all that it takes to read on from there later.
#[derive(Clone, Copy, Debug)]
pub struct Place<'de> {
    /// The whole message.
    pub message: &'de [u8],
    /// The first byte that is not yet read.
    pub offset: usize,
    /// The limits, with [`depth_max`](Limits::depth_max) the levels that are left from here on.
    pub limits: Limits,
    /// How the message is written: the [form](MessageHead::form) of its head.
    pub form: MessageForm,
}

/// The header of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHeader {
    /// The field's id.
    pub id: i16,
    /// The wire type of its value.
    pub ty: WireType,
    /// The value, where the header carries it, as the compact protocol does for `bool`.
    pub bool_value: Option<bool>,
}

/// The header of a list or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHeader {
    /// The wire type of the elements. Without meaning when `len` is 0.
    pub element: WireType,
    /// How many elements follow. Already checked against the limits and the bytes left.
    pub len: usize,
}

/// The header of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapHeader {
    /// The wire type of the keys. Without meaning when `len` is 0.
    pub key: WireType,
    /// The wire type of the values. Without meaning when `len` is 0.
    pub value: WireType,
    /// How many pairs follow. Already checked against the limits and the bytes left.
    pub len: usize,
}

/// Reads one message from a slice. `'de` is the slice's lifetime, for values that borrow from it.
///
/// Whoever reads a struct keeps the id of the field before (`last`, 0 at the start of a struct):
/// the compact protocol writes differences of ids. As a local variable of the caller it costs
/// nothing, as state of the protocol it would need a stack.
///
/// `element`, `key`, `value` and the `end` functions are punctuation for protocols that have any;
/// elsewhere they compile to nothing.
pub trait Input<'de>: Sized {
    /// The protocol that it reads.
    type Protocol: Protocol;

    /// A reader at a place that another one has been.
    fn at(place: &Place<'de>) -> Self;

    /// Where this reader is.
    fn place(&self) -> Place<'de>;

    /// Says how the message is written, of which another reader has read the head.
    #[inline(always)]
    fn set_form(&mut self, form: MessageForm) {
        let _ = form;
    }

    /// Whether values of this message may be copied to others as they are.
    #[inline]
    fn has_raw_values(&self) -> bool {
        Self::Protocol::RAW_VALUES
    }

    /// Reads the head of the message.
    fn message_begin(&mut self) -> Result<MessageHead<'de>>;

    /// Reads what follows the message's struct, and checks that nothing else does.
    fn message_end(&mut self) -> Result<()>;

    /// Enters a struct. One level of depth.
    fn struct_begin(&mut self) -> Result<()>;

    /// Leaves a struct. Its end has been seen by [`field`](Self::field) or
    /// [`try_stop`](Self::try_stop).
    fn struct_end(&mut self) -> Result<()>;

    /// Consumes the next field header if it is exactly this one. Not for `bool`.
    fn try_field(&mut self, last: i16, id: i16, ty: WireType) -> bool;

    /// Consumes the next field header if it is that of this `bool` field, and returns the value.
    /// `None` leaves everything to [`field`](Self::field), errors included.
    fn try_bool_field(&mut self, last: i16, id: i16) -> Option<bool>;

    /// Consumes the end of the struct if it comes next.
    fn try_stop(&mut self, last: i16) -> bool;

    /// Reads any field header, or the end of the struct (`None`).
    fn field(&mut self, last: i16) -> Result<Option<FieldHeader>>;

    /// Ends a field after its value.
    #[inline(always)]
    fn field_end(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether the value of this field is wanted. Only a reader that projects says no, and the field
    /// is skipped.
    #[inline(always)]
    fn wants(&self, id: i16) -> bool {
        let _ = id;
        true
    }
    /// Reads the value of this field.
    #[inline(always)]
    fn within<R>(&mut self, id: i16, read: impl FnOnce(&mut Self) -> R) -> R {
        let _ = id;
        read(self)
    }
    /// Reads a value of which everything is wanted.
    #[inline(always)]
    fn whole<R>(&mut self, read: impl FnOnce(&mut Self) -> R) -> R {
        read(self)
    }

    /// Reads a `bool` that is an element, key or value of a container.
    fn bool(&mut self) -> Result<bool>;
    /// Reads an `i8`.
    fn i8(&mut self) -> Result<i8>;
    /// Reads an `i16`.
    fn i16(&mut self) -> Result<i16>;
    /// Reads an `i32`.
    fn i32(&mut self) -> Result<i32>;
    /// Reads an `i64`.
    fn i64(&mut self) -> Result<i64>;
    /// Reads a `double`.
    fn double(&mut self) -> Result<f64>;
    /// Reads a `uuid`.
    fn uuid(&mut self) -> Result<Uuid>;
    /// Reads a `string` and checks that it is UTF-8.
    fn string(&mut self) -> Result<Cow<'de, str>>;
    /// Reads a `binary`.
    fn binary(&mut self) -> Result<Cow<'de, [u8]>>;
    /// Reads a `string` or a `binary` whose declaration is not known, as it stands.
    fn text_or_binary(&mut self) -> Result<Cow<'de, [u8]>> {
        self.binary()
    }

    /// Enters a list or set. One level of depth. The count is checked before it is returned.
    fn list_begin(&mut self) -> Result<ListHeader>;
    /// Comes before each element.
    #[inline(always)]
    fn element(&mut self, index: usize) -> Result<()> {
        let _ = index;
        Ok(())
    }
    /// Reads the elements of a list of numbers, in place of what the vector holds.
    #[inline]
    fn numbers<T: Number>(&mut self, values: &mut Vec<T>, len: usize) -> Result<()> {
        numbers::read_each(values, len, self)
    }
    /// Passes over the elements of a list of numbers and says where they are. The default copies
    /// them.
    fn numbers_in_place<T: Number>(&mut self, len: usize) -> Result<Numbers<'de, T>> {
        let mut values = Vec::new();
        self.numbers(&mut values, len)?;
        Ok(Numbers::Copied(values))
    }
    /// Skips the elements of a list or set.
    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        for index in 0..header.len {
            self.element(index)?;
            self.skip(header.element)?;
        }
        Ok(())
    }
    /// Leaves a list or set.
    fn list_end(&mut self) -> Result<()>;

    /// Enters a map. One level of depth. The count is checked before it is returned.
    fn map_begin(&mut self) -> Result<MapHeader>;
    /// Comes before each key.
    #[inline(always)]
    fn key(&mut self, index: usize) -> Result<()> {
        let _ = index;
        Ok(())
    }
    /// Comes between a key and its value.
    #[inline(always)]
    fn value(&mut self) -> Result<()> {
        Ok(())
    }
    /// Skips the pairs of a map.
    fn skip_pairs(&mut self, header: MapHeader) -> Result<()> {
        for index in 0..header.len {
            self.key(index)?;
            self.skip(header.key)?;
            self.value()?;
            self.skip(header.value)?;
        }
        Ok(())
    }
    /// Leaves a map.
    fn map_end(&mut self) -> Result<()>;

    /// Skips a value of a type, at most [`depth_max`](Limits::depth_max) levels deep, and returns
    /// the bytes that it took.
    fn skip(&mut self, ty: WireType) -> Result<&'de [u8]>;

    /// How far into the message the reader is.
    fn offset(&self) -> usize;

    /// How many bytes of the message are left.
    fn remaining(&self) -> usize;

    /// For how many of the declared elements of a container to make room before reading any; at
    /// most [`ROOM_BYTES_MAX`] bytes of memory. The rest of the room is made as they arrive.
    ///
    /// Why can't room be made for all of them, since the count was checked against the bytes left?
    /// Because an element may take a thousand times more memory than bytes, and containers inside
    /// each other would count the same bytes again. The built-in protocols have a budget for the
    /// whole message instead.
    #[inline]
    fn room<T>(&mut self, len: usize) -> usize {
        len.min(ROOM_BYTES_MAX / size_of::<T>().max(1) + 1)
    }

    /// Whether [`room`](Self::room) has granted all that was asked for, so that what was read takes
    /// little more memory than the message has bytes.
    #[inline]
    fn had_room(&self) -> bool {
        true
    }

    /// An error at this place.
    #[cold]
    #[inline(never)]
    fn fail(&self, kind: crate::ErrorKind, message: &'static str) -> crate::Error {
        crate::Error::new(kind, message).at(self.offset())
    }
}

/// Writes one message to memory.
///
/// Writing cannot fail, so the functions return nothing. The one thing that can go wrong, a value
/// deeper than [`depth_max`](Limits::depth_max), is told by [`struct_begin`](Self::struct_begin)
/// and remembered until [`finish`](Self::finish).
///
/// `'v` is the lifetime of the values that are written.
pub trait Output<'v>: Sized {
    /// Whether the protocol writes names of fields and enum members, so that the caller looks them up.
    const WRITES_NAMES: bool = false;

    /// Writes the head of a message.
    fn message_begin(&mut self, head: &MessageHead<'_>);
    /// Writes what follows the message's struct.
    fn message_end(&mut self);

    /// Enters a struct. `false` when that is one level too deep: nothing was written, and nothing
    /// of the struct, its end included, may be.
    fn struct_begin(&mut self, name: &'static str) -> bool;
    /// Ends a struct.
    fn struct_end(&mut self);

    /// Writes a field header. `last` is the id of the field written before in this struct, or 0.
    /// `name` is empty unless [`WRITES_NAMES`](Self::WRITES_NAMES). Not for `bool`.
    fn field(&mut self, last: i16, id: i16, ty: WireType, name: &'static str);
    /// Writes a whole field of type `bool`.
    fn bool_field(&mut self, last: i16, id: i16, name: &'static str, value: bool);
    /// Ends a field after its value.
    #[inline(always)]
    fn field_end(&mut self) {}

    /// Writes a whole field of type `i8`.
    #[inline(always)]
    fn i8_field(&mut self, last: i16, id: i16, name: &'static str, value: i8) {
        self.field(last, id, WireType::I8, name);
        self.i8(value);
        self.field_end();
    }
    /// Writes a whole field of type `i16`.
    #[inline(always)]
    fn i16_field(&mut self, last: i16, id: i16, name: &'static str, value: i16) {
        self.field(last, id, WireType::I16, name);
        self.i16(value);
        self.field_end();
    }
    /// Writes a whole field of type `i32`.
    #[inline(always)]
    fn i32_field(&mut self, last: i16, id: i16, name: &'static str, value: i32) {
        self.field(last, id, WireType::I32, name);
        self.i32(value);
        self.field_end();
    }
    /// Writes a whole field of type `i64`.
    #[inline(always)]
    fn i64_field(&mut self, last: i16, id: i16, name: &'static str, value: i64) {
        self.field(last, id, WireType::I64, name);
        self.i64(value);
        self.field_end();
    }
    /// Writes a whole field of type `double`.
    #[inline(always)]
    fn double_field(&mut self, last: i16, id: i16, name: &'static str, value: f64) {
        self.field(last, id, WireType::Double, name);
        self.double(value);
        self.field_end();
    }
    /// Writes a whole field of type `uuid`.
    #[inline(always)]
    fn uuid_field(&mut self, last: i16, id: i16, name: &'static str, value: Uuid) {
        self.field(last, id, WireType::Uuid, name);
        self.uuid(value);
        self.field_end();
    }
    /// Writes a whole field of type `string`.
    #[inline(always)]
    fn string_field(&mut self, last: i16, id: i16, name: &'static str, value: &str) {
        self.field(last, id, WireType::String, name);
        self.string(value);
        self.field_end();
    }
    /// Writes a `bool` as an element, key or value of a container.
    fn bool(&mut self, value: bool);
    /// Writes an `i8`.
    fn i8(&mut self, value: i8);
    /// Writes an `i16`.
    fn i16(&mut self, value: i16);
    /// Writes an `i32`.
    fn i32(&mut self, value: i32);
    /// Writes an `i64`.
    fn i64(&mut self, value: i64);
    /// Writes an enum's number. `name` is empty unless [`WRITES_NAMES`](Self::WRITES_NAMES), and for a
    /// number that has none.
    #[inline(always)]
    fn enumerator(&mut self, number: i32, name: &'static str) {
        let _ = name;
        self.i32(number);
    }
    /// Writes a `double`.
    fn double(&mut self, value: f64);
    /// Writes a `uuid`.
    fn uuid(&mut self, value: Uuid);
    /// Writes a `string`.
    fn string(&mut self, value: &str);
    /// Writes a `binary`.
    fn binary(&mut self, value: &[u8]);
    /// Writes a `binary` that outlives the writer, so that it may be referred to instead of copied.
    #[inline(always)]
    fn blob(&mut self, value: &'v [u8]) {
        self.binary(value);
    }

    /// Starts a list. `false` when that is one level too deep, as for
    /// [`struct_begin`](Self::struct_begin).
    fn list_begin(&mut self, element: WireType, len: usize) -> bool;
    /// Starts a set; every built-in protocol writes it like a list.
    #[inline(always)]
    fn set_begin(&mut self, element: WireType, len: usize) -> bool {
        self.list_begin(element, len)
    }
    /// Comes before each element.
    #[inline(always)]
    fn element(&mut self, index: usize) {
        let _ = index;
    }
    /// Writes the elements of a list of numbers.
    #[inline]
    fn numbers<T: Number>(&mut self, values: &[T]) {
        numbers::write_each(values, self);
    }
    /// Ends a list or set.
    fn list_end(&mut self);

    /// Starts a map. `false` when that is one level too deep, as for
    /// [`struct_begin`](Self::struct_begin).
    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool;
    /// Comes before each key.
    #[inline(always)]
    fn key(&mut self, index: usize) {
        let _ = index;
    }
    /// Comes between a key and its value.
    #[inline(always)]
    fn value(&mut self) {}
    /// Ends a map.
    fn map_end(&mut self);

    /// Writes a value whose bytes were read by the protocol of this name, if that is this one and its
    /// values are [`RAW_VALUES`](Protocol::RAW_VALUES). `false`, and nothing written, otherwise. A
    /// value that is too deep here is left out, as in [`struct_begin`](Self::struct_begin).
    fn raw_value(&mut self, protocol: &'static str, ty: WireType, value: &[u8]) -> bool {
        let _ = (protocol, ty, value);
        false
    }

    /// Refers to large [`blob`](Self::blob)s from here on, where the protocol writes them as they
    /// are. The default copies them.
    fn link_blobs(&mut self) {}

    /// Ends the writing.
    fn finish(self) -> Written<'v>;
}
