//! Structs: the loop over fields, once for every emitted type.
//!
//! Fields nearly always arrive in ascending order of their ids, so [`StructReader::expect`] compares
//! the next header with the one field that belongs there. Whatever differs (an unknown field, an
//! unusual order, a changed type) goes through the general loop, [`read_rest`], which stays out of
//! line.

use std::marker::PhantomData;

use crate::codec::{Decode, Encode, UnknownField, UnknownFields};
use crate::error::{Error, ErrorKind, Result, Step};
use crate::protocol::{FieldHeader, Input, Output};
use crate::wire::WireType;

/// A struct, union or exception, as emitted code describes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no struct of the IDL, and has no fields to take"
)]
pub trait Struct: Default {
    /// The name in the IDL.
    const NAME: &'static str;
    /// Id and name of every field, in ascending order of ids.
    const FIELDS: &'static [(i16, &'static str)];
    /// What emitted Rust calls each of them, where that is not clear from the letters and digits of
    /// the names in the IDL; otherwise empty.
    const MEMBERS: &'static [&'static str] = &[];
    /// Ids of the `required` fields, in the order of their numbers (see
    /// [`StructReader::require`]); at most 128.
    const REQUIRED: &'static [i16] = &[];
}

/// A [`Struct`] that can be written.
pub trait EncodeStruct: Struct {
    /// Writes the fields in ascending order of ids.
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>);
}

/// A [`Struct`] that can be read.
pub trait DecodeStruct<'de>: Struct {
    /// Reads the fields that come in the expected order, in ascending order of ids.
    ///
    /// The default, right for unions, expects none.
    #[inline(always)]
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        let _ = fields;
        *self = Self::default();
        Ok(())
    }

    /// Reads one field, whichever it is.
    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()>;
}

impl<T: Struct> Struct for Box<T> {
    const NAME: &'static str = T::NAME;
    const FIELDS: &'static [(i16, &'static str)] = T::FIELDS;
    const MEMBERS: &'static [&'static str] = T::MEMBERS;
    const REQUIRED: &'static [i16] = T::REQUIRED;
}

impl<T: EncodeStruct> EncodeStruct for Box<T> {
    fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
        T::encode(self, fields);
    }
}

impl<'de, T: DecodeStruct<'de>> DecodeStruct<'de> for Box<T> {
    fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
        T::decode(self, fields)
    }

    fn decode_field<I: Input<'de>>(
        &mut self,
        field: FieldHeader,
        fields: &mut StructReader<'_, 'de, I>,
    ) -> Result<()> {
        T::decode_field(self, field, fields)
    }
}

impl<T: EncodeStruct> Encode for T {
    const TYPE: WireType = WireType::Struct;

    #[inline]
    fn encode<'v, O: Output<'v>>(&'v self, out: &mut O) {
        if out.struct_begin(T::NAME) {
            let mut fields = StructWriter::new(out, T::FIELDS);
            T::encode(self, &mut fields);
            out.struct_end();
        }
    }
}

impl<'de, T: DecodeStruct<'de>> Decode<'de> for T {
    const TYPE: WireType = WireType::Struct;

    #[inline]
    fn decode_into<I: Input<'de>>(&mut self, input: &mut I) -> Result<()> {
        let mut fields = StructReader::new(input);
        match read_struct(self, &mut fields) {
            Ok(()) => Ok(()),
            Err(error) => Err(blame(error, fields.current, T::NAME, T::FIELDS)),
        }
    }

    fn reset(&mut self) {
        *self = T::default();
    }
}

#[inline(always)]
fn read_struct<'de, T: DecodeStruct<'de>, I: Input<'de>>(
    value: &mut T,
    fields: &mut StructReader<'_, 'de, I>,
) -> Result<()> {
    fields.input.struct_begin()?;
    value.decode(fields)?;
    if !fields.input.try_stop(fields.last) {
        read_rest(value, fields)?;
    }
    fields.check_required(T::REQUIRED, T::FIELDS)?;
    fields.input.struct_end()
}

#[cold]
#[inline(never)]
fn read_rest<'de, T: DecodeStruct<'de>, I: Input<'de>>(
    value: &mut T,
    fields: &mut StructReader<'_, 'de, I>,
) -> Result<()> {
    while let Some(field) = fields.next_field()? {
        value.decode_field(field, fields)?;
    }
    Ok(())
}

/// Reads the fields of one struct. Emitted code sees it as `fields`.
pub struct StructReader<'a, 'de, I> {
    pub(crate) input: &'a mut I,
    /// Id of the field read before, 0 at the start.
    last: i16,
    /// The field whose value is being read, for the error path.
    current: Option<i16>,
    /// One bit for each required field that was read.
    seen: u128,
    lifetime: PhantomData<&'de ()>,
}

impl<'a, 'de, I: Input<'de>> StructReader<'a, 'de, I> {
    #[inline(always)]
    pub(crate) fn new(input: &'a mut I) -> Self {
        Self {
            input,
            last: 0,
            current: None,
            seen: 0,
            lifetime: PhantomData,
        }
    }

    /// Reads the field if it comes next; otherwise resets it, and leaves it to the general loop.
    #[inline(always)]
    pub fn expect<T: Decode<'de>>(&mut self, id: i16, value: &mut T) -> Result<()> {
        if !self.try_expect(id, value)? {
            value.reset();
        }
        Ok(())
    }

    /// The same for a field whose IDL gives a default.
    #[inline(always)]
    pub fn expect_or<T: Decode<'de>>(&mut self, id: i16, value: &mut T, default: T) -> Result<()> {
        if !self.try_expect(id, value)? {
            *value = default;
        }
        Ok(())
    }

    /// The same for a `required` field; `number` is its place in [`Struct::REQUIRED`].
    #[inline(always)]
    pub fn require<T: Decode<'de>>(&mut self, number: u32, id: i16, value: &mut T) -> Result<()> {
        if self.try_expect(id, value)? {
            self.seen |= 1 << number;
        } else if !self.input.wants(id) {
            value.reset();
        }
        Ok(())
    }

    /// Reads the field if it comes next; otherwise leaves the value alone. `true` when it was read.
    #[inline(always)]
    pub fn try_expect<T: Decode<'de>>(&mut self, id: i16, value: &mut T) -> Result<bool> {
        let Some(header) = T::try_header(self.input, self.last, id) else {
            return Ok(false);
        };
        self.last = id;
        if !self.input.wants(id) {
            self.skip(header)?;
            return Ok(false);
        }
        self.value(header, value)?;
        Ok(true)
    }

    #[inline(always)]
    fn value<T: Decode<'de>>(&mut self, header: FieldHeader, value: &mut T) -> Result<()> {
        let read = self
            .input
            .within(header.id, |input| value.decode_field(input, header));
        if let Err(error) = read.and_then(|()| self.input.field_end()) {
            self.current = Some(header.id);
            return Err(error);
        }
        Ok(())
    }

    /// The next field header, or `None` at the end of the struct.
    #[inline]
    pub(crate) fn next_field(&mut self) -> Result<Option<FieldHeader>> {
        let field = self.input.field(self.last)?;
        if let Some(field) = field {
            self.last = field.id;
        }
        Ok(field)
    }

    /// Reads the value of a field, if it has the declared type. A field of another type is skipped,
    /// as if it were unknown.
    pub fn read<T: Decode<'de>>(&mut self, field: FieldHeader, value: &mut T) -> Result<()> {
        self.try_read(field, value).map(drop)
    }

    /// The same for a `required` field; `number` is its place in [`Struct::REQUIRED`].
    pub fn read_required<T: Decode<'de>>(
        &mut self,
        number: u32,
        field: FieldHeader,
        value: &mut T,
    ) -> Result<()> {
        if self.try_read(field, value)? {
            self.seen |= 1 << number;
        }
        Ok(())
    }

    /// Reads a field into a new value, or `None` when it has another type, and was skipped.
    pub fn read_value<T: Decode<'de>>(&mut self, field: FieldHeader) -> Result<Option<T>> {
        let mut value = T::default();
        Ok(self.try_read(field, &mut value)?.then_some(value))
    }

    pub(crate) fn try_read<T: Decode<'de>>(
        &mut self,
        field: FieldHeader,
        value: &mut T,
    ) -> Result<bool> {
        if field.ty != T::TYPE || !self.input.wants(field.id) {
            self.skip(field)?;
            return Ok(false);
        }
        self.value(field, value)?;
        Ok(true)
    }

    /// Skips a field that the type does not have.
    pub fn skip(&mut self, field: FieldHeader) -> Result<()> {
        if field.bool_value.is_none() {
            self.input.skip(field.ty)?;
        }
        self.input.field_end()
    }

    /// Keeps a field that the type does not have.
    pub fn keep(&mut self, field: FieldHeader, unknown: &mut UnknownFields) -> Result<()> {
        if !self.input.wants(field.id) {
            return self.skip(field);
        }
        unknown.keep(field, self.input)?;
        self.input.field_end()
    }

    /// Reads a member of a union and makes it the union's value. A member of another type than the
    /// declared one is kept as unknown.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when the union has a member already.
    pub fn variant<T: Decode<'de>, U>(
        &mut self,
        field: FieldHeader,
        union: &mut U,
        make: impl FnOnce(T) -> U,
        unknown: impl FnOnce(UnknownField) -> U,
    ) -> Result<()> {
        if field.ty != T::TYPE {
            return self.unknown_variant(field, union, unknown);
        }
        self.one_variant()?;
        let mut value = T::default();
        self.value(field, &mut value)?;
        *union = make(value);
        Ok(())
    }

    /// Keeps a member that the union's IDL does not know.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when the union has a member already.
    pub fn unknown_variant<U>(
        &mut self,
        field: FieldHeader,
        union: &mut U,
        unknown: impl FnOnce(UnknownField) -> U,
    ) -> Result<()> {
        self.one_variant()?;
        let kept = UnknownField::read(field, self.input)?;
        self.input.field_end()?;
        *union = unknown(kept);
        Ok(())
    }

    fn one_variant(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.seen, 1) {
            0 => Ok(()),
            _ => Err(self
                .input
                .fail(ErrorKind::Malformed, "union with more than one member")),
        }
    }

    /// Whether the required field of this number was read.
    #[inline(always)]
    pub(crate) fn has(&self, number: u32) -> bool {
        self.seen >> number & 1 == 1
    }

    /// Checks that each of these ids was read; for arguments, whose bits follow `fields`.
    pub(crate) fn check_each(
        &self,
        required: &[i16],
        fields: &'static [(i16, &'static str)],
    ) -> Result<()> {
        for &id in required {
            let place = fields.iter().position(|field| field.0 == id);
            if place.is_some_and(|place| self.seen & (1 << place) == 0) {
                return Err(missing(self.input.offset(), id, fields));
            }
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn struct_begin(&mut self) -> Result<()> {
        self.input.struct_begin()
    }

    #[inline(always)]
    pub(crate) fn struct_end(&mut self) -> Result<()> {
        self.input.struct_end()
    }

    #[inline(always)]
    fn check_required(
        &self,
        required: &'static [i16],
        fields: &'static [(i16, &'static str)],
    ) -> Result<()> {
        let all = match required.len() {
            0 => return Ok(()),
            count @ 1..128 => (1u128 << count) - 1,
            _ => u128::MAX,
        };
        if self.seen == all {
            return Ok(());
        }
        let mut absent = required
            .iter()
            .enumerate()
            .filter(|&(bit, &id)| self.seen & (1 << bit) == 0 && self.input.wants(id));
        match absent.next() {
            Some((_, &id)) => Err(missing(self.input.offset(), id, fields)),
            None => Ok(()),
        }
    }

    /// Notes which field of which struct an error happened in.
    pub(crate) fn blame(
        &self,
        error: Error,
        owner: &'static str,
        fields: &'static [(i16, &'static str)],
    ) -> Error {
        blame(error, self.current, owner, fields)
    }
}

#[cold]
#[inline(never)]
fn missing(offset: usize, id: i16, fields: &'static [(i16, &'static str)]) -> Error {
    let name = field_name(fields, id);
    let text = format!("required field `{name}` (#{id}) is missing");
    Error::new(ErrorKind::MissingField, text).at(offset)
}

#[cold]
#[inline(never)]
fn blame(
    error: Error,
    current: Option<i16>,
    owner: &'static str,
    fields: &'static [(i16, &'static str)],
) -> Error {
    match current {
        Some(id) => error.within(Step::Field {
            owner,
            name: field_name(fields, id),
            id,
        }),
        None => error.within(Step::Struct(owner)),
    }
}

pub(crate) fn field_name(fields: &'static [(i16, &'static str)], id: i16) -> &'static str {
    fields
        .iter()
        .find(|field| field.0 == id)
        .map_or("?", |field| field.1)
}

/// Writes a struct whose fields the closure writes.
#[inline(always)]
pub(crate) fn write_struct<'a, 'v, O: Output<'v>>(
    name: &'static str,
    names: &'static [(i16, &'static str)],
    out: &'a mut O,
    fields: impl FnOnce(&mut StructWriter<'a, O>),
) {
    if out.struct_begin(name) {
        let mut writer = StructWriter::new(out, names);
        fields(&mut writer);
        writer.out.struct_end();
    }
}

/// Writes the fields of one struct. Emitted code sees it as `fields`.
pub struct StructWriter<'a, O> {
    out: &'a mut O,
    names: &'static [(i16, &'static str)],
    last: i16,
}

impl<'a, 'v, O: Output<'v>> StructWriter<'a, O> {
    #[inline(always)]
    fn new(out: &'a mut O, names: &'static [(i16, &'static str)]) -> Self {
        Self {
            out,
            names,
            last: 0,
        }
    }

    /// Writes a field; `None` writes nothing.
    #[inline(always)]
    pub fn field<T: Encode>(&mut self, id: i16, value: &'v T) {
        let name = if O::WRITES_NAMES {
            field_name(self.names, id)
        } else {
            ""
        };
        if value.encode_field(self.out, self.last, id, name) {
            self.last = id;
        }
    }

    /// Writes an argument, whose name comes with its id.
    #[inline(always)]
    pub(crate) fn argument<T: Encode + ?Sized>(
        &mut self,
        (id, name): (i16, &'static str),
        value: &'v T,
    ) {
        if value.encode_field(self.out, self.last, id, name) {
            self.last = id;
        }
    }

    /// Writes fields that the type does not have, behind those that it has.
    pub fn unknown_fields(&mut self, fields: &UnknownFields) {
        self.last = fields.write(self.last, self.out);
    }

    /// Writes the member of a union that its IDL does not know, in this protocol.
    pub fn unknown(&mut self, field: &UnknownField) {
        field.write(self.out);
    }
}
