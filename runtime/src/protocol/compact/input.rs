//! Reads the compact protocol.

use std::borrow::Cow;

use byteorder::{ByteOrder, LittleEndian};
use uuid::Uuid;

use super::varint::{self, BLOCK, Block, Flaw, unzigzag};
use super::{
    Compact, FALSE, KIND_SHIFT, LONG_LIST, OTHER_VERSION, PROTOCOL_ID, STOP, TRUE, bytes_min, code,
    form, is_any_bytes, short_header, skip, wire_type,
};
use crate::error::{Error, ErrorKind, Result, Step};
use crate::fast;
use crate::limits::Limits;
use crate::protocol::reader::Reader;
use crate::protocol::{
    FieldHeader, Input, ListHeader, MapHeader, MessageForm, MessageHead, Number, Numbers, Place,
};
use crate::wire::WireType;

/// Reads a message in the compact protocol.
#[derive(Clone, Copy, Debug)]
pub struct CompactInput<'de> {
    reader: Reader<'de>,
    /// Says how doubles are written.
    form: MessageForm,
}

impl<'de> CompactInput<'de> {
    #[inline]
    pub(super) fn new(message: &'de [u8], offset: usize, limits: &Limits) -> Self {
        Self {
            reader: Reader::new(message, offset, limits),
            form: MessageForm::Strict,
        }
    }

    #[inline(always)]
    fn is_version_2(&self) -> bool {
        self.form == MessageForm::Compact2
    }

    /// Reads an unsigned integer. Most are one or two bytes long.
    #[inline(always)]
    fn varint<const BITS: u32>(&mut self, what: &'static str) -> Result<u64> {
        match *self.reader.rest() {
            [byte @ 0..0x80, ..] => {
                self.reader.advance(1);
                Ok(byte.into())
            }
            [low, high @ 0..0x80, ..] => {
                self.reader.advance(2);
                Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_varint::<BITS>(what),
        }
    }

    fn varints<T: Number, const BITS: u32>(
        &mut self,
        values: &mut Vec<T>,
        len: usize,
    ) -> Result<()> {
        values.clear();
        values.reserve(self.room::<T>(len));
        if len >= BLOCK {
            let mut block = Block::<BITS>::new();
            // A flaw is left to the loop below, which says where it is.
            while let Ok(bytes @ 1..) = block.read(self.reader.rest(), len - values.len()) {
                self.reader.advance(bytes);
                let integers = block.values().iter().map(|&value| unzigzag(value));
                values.extend(integers.map(T::from_integer));
            }
        }
        while values.len() < len {
            let value = T::read(self).map_err(|error| error.within(Step::Index(values.len())))?;
            values.push(value);
        }
        Ok(())
    }

    #[inline]
    fn long_varint<const BITS: u32>(&mut self, what: &'static str) -> Result<u64> {
        match varint::read::<BITS>(self.reader.rest()) {
            Ok((value, len)) => {
                self.reader.advance(len);
                Ok(value)
            }
            Err(flaw) => Err(self.flawed(flaw, what)),
        }
    }

    #[cold]
    #[inline(never)]
    fn flawed(&self, flaw: Flaw, what: &'static str) -> Error {
        match flaw {
            Flaw::Partial => self.reader.truncated(what),
            Flaw::TooLong => self.reader.error(
                ErrorKind::Malformed,
                "a variable-width integer is longer than its type",
            ),
        }
    }

    /// Reads a length or count: a varint that libraries keep in an `i32`.
    #[inline(always)]
    fn length(&mut self, what: &'static str) -> Result<usize> {
        let length = self.varint::<32>(what)?;
        match i32::try_from(length).map(usize::try_from) {
            Ok(Ok(length)) => Ok(length),
            _ => Err(self.reader.negative()),
        }
    }

    #[inline(always)]
    fn counted(&mut self) -> Result<&'de [u8]> {
        let length = self.length("the length of a string")?;
        self.reader.counted(length)
    }

    #[inline(always)]
    fn text(&mut self) -> Result<&'de str> {
        let bytes = self.counted()?;
        self.reader.utf8(bytes)
    }

    fn wire_type(&self, code: u8) -> Result<WireType> {
        wire_type(code).ok_or_else(|| self.reader.unknown_type())
    }

    /// A field header of more than one byte. Not rare: the id 0 of every result has it.
    #[inline(never)]
    fn try_long_field(&mut self, id: i16, code: u8) -> bool {
        let Some((&first, rest)) = self.reader.rest().split_first() else {
            return false;
        };
        let found = match varint::read::<16>(rest) {
            Ok((value, len)) if first == code && unzigzag(value) == id.into() => 1 + len,
            _ => return false,
        };
        self.reader.advance(found);
        true
    }

    #[inline(always)]
    fn try_header(&mut self, last: i16, id: i16, code: u8) -> bool {
        match short_header(last, id, code) {
            Some(header) => {
                let found = self.reader.rest().first() == Some(&header);
                if found {
                    self.reader.advance(1);
                }
                found
            }
            None => self.try_long_field(id, code),
        }
    }

    fn bounds(&self) -> skip::Bounds {
        skip::Bounds {
            depth: self.reader.depth_left(),
            string_bytes_max: self.reader.string_bytes_max(),
            container_elements_max: self.reader.container_elements_max(),
        }
    }

    /// The slower way of [`skip`], which says what is wrong.
    fn skip_value(&mut self, ty: WireType) -> Result<()> {
        match ty {
            WireType::I16 => {
                self.varint::<16>("an i16")?;
            }
            WireType::I32 => {
                self.varint::<32>("an i32")?;
            }
            WireType::I64 => {
                self.varint::<64>("an i64")?;
            }
            WireType::String => {
                self.counted()?;
            }
            WireType::Struct => {
                self.struct_begin()?;
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    last = field.id;
                    if field.bool_value.is_none() {
                        self.skip_value(field.ty)?;
                    }
                }
                self.struct_end()?;
            }
            WireType::List | WireType::Set => {
                let header = self.list_begin()?;
                self.skip_values(header.len, &[header.element])?;
                self.list_end()?;
            }
            WireType::Map => {
                let header = self.map_begin()?;
                self.skip_values(header.len, &[header.key, header.value])?;
                self.map_end()?;
            }
            WireType::Bool => {
                self.bool()?;
            }
            WireType::I8 | WireType::Double | WireType::Uuid => {
                self.reader.take(bytes_min(ty), "a value that is skipped")?;
            }
        }
        Ok(())
    }

    fn skip_values(&mut self, len: usize, types: &[WireType]) -> Result<()> {
        if types.iter().all(|&ty| is_any_bytes(ty)) {
            // The count was checked against the bytes left, so this cannot overflow.
            let each: usize = types.iter().map(|&ty| bytes_min(ty)).sum();
            self.reader
                .take(len * each, "a container that is skipped")?;
            return Ok(());
        }
        for _ in 0..len {
            for &ty in types {
                self.skip_value(ty)?;
            }
        }
        Ok(())
    }
}

impl<'de> Input<'de> for CompactInput<'de> {
    type Protocol = Compact;

    #[inline]
    fn at(place: &Place<'de>) -> Self {
        let mut input = Self::new(place.message, place.offset, &place.limits);
        input.set_form(place.form);
        input
    }

    #[inline]
    fn place(&self) -> Place<'de> {
        let place = self.reader.place();
        Place {
            form: self.form,
            ..place
        }
    }

    #[inline]
    fn set_form(&mut self, form: MessageForm) {
        self.form = form;
    }

    #[inline]
    fn has_raw_values(&self) -> bool {
        !self.is_version_2()
    }

    fn message_begin(&mut self) -> Result<MessageHead<'de>> {
        self.reader.check_message()?;
        let [id, version] = self.reader.array("the start of a message")?;
        if id != PROTOCOL_ID {
            let text = "a message does not start with the compact protocol's byte, 82";
            return Err(self.reader.error(ErrorKind::Malformed, text));
        }
        let Some(form) = form(version) else {
            return Err(self.reader.error(ErrorKind::Malformed, OTHER_VERSION));
        };
        self.form = form;
        let kind = self.reader.kind(version >> KIND_SHIFT)?;
        let sequence_id = self.varint::<32>("a sequence id")?;
        let name = Cow::Borrowed(self.text()?);
        Ok(MessageHead {
            name,
            kind,
            // All of its 32 bits, as they are: the writer did not zigzag.
            sequence_id: u32::try_from(sequence_id).unwrap_or_default().cast_signed(),
            form,
        })
    }

    fn message_end(&mut self) -> Result<()> {
        self.reader.end()
    }

    #[inline(always)]
    fn struct_begin(&mut self) -> Result<()> {
        self.reader.enter()
    }

    #[inline(always)]
    fn struct_end(&mut self) -> Result<()> {
        self.reader.leave();
        Ok(())
    }

    #[inline(always)]
    fn try_field(&mut self, last: i16, id: i16, ty: WireType) -> bool {
        // One look at how much there is, for all of a double.
        if ty == WireType::Double
            && let Some(header) = short_header(last, id, code(ty))
        {
            let start = self.reader.rest().first_chunk::<9>();
            let found = start.is_some_and(|start| start[0] == header);
            if found {
                self.reader.advance(1);
            }
            return found;
        }
        self.try_header(last, id, code(ty))
    }

    #[inline(always)]
    fn try_bool_field(&mut self, last: i16, id: i16) -> Option<bool> {
        if self.try_header(last, id, TRUE) {
            Some(true)
        } else {
            self.try_header(last, id, FALSE).then_some(false)
        }
    }

    #[inline(always)]
    fn try_stop(&mut self, _: i16) -> bool {
        let found = self.reader.rest().first() == Some(&STOP);
        if found {
            self.reader.advance(1);
        }
        found
    }

    fn field(&mut self, last: i16) -> Result<Option<FieldHeader>> {
        let byte = self.reader.byte("a struct")?;
        if byte == STOP {
            return Ok(None);
        }
        let ty = self.wire_type(byte & 0x0f)?;
        let id = match byte >> 4 {
            0 => self.i16_named("a field id")?,
            delta => last.checked_add(delta.into()).ok_or_else(|| {
                self.reader
                    .error(ErrorKind::Malformed, "a field id is more than 32767")
            })?,
        };
        let bool_value = (ty == WireType::Bool).then_some(byte & 0x0f == TRUE);
        Ok(Some(FieldHeader { id, ty, bool_value }))
    }

    #[inline(always)]
    fn bool(&mut self) -> Result<bool> {
        match self.reader.byte("a bool")? {
            TRUE => Ok(true),
            FALSE | 0 => Ok(false),
            _ => Err(self.reader.error(
                ErrorKind::Malformed,
                "a bool is neither 1 (true) nor 2 (false)",
            )),
        }
    }

    #[inline(always)]
    fn i8(&mut self) -> Result<i8> {
        self.reader.byte("an i8").map(u8::cast_signed)
    }

    #[inline(always)]
    fn i16(&mut self) -> Result<i16> {
        self.i16_named("an i16")
    }

    #[inline(always)]
    fn i32(&mut self) -> Result<i32> {
        let value = unzigzag(self.varint::<32>("an i32")?);
        // 32 bits unzigzagged are an `i32`; the compiler knows, and drops the check.
        Ok(i32::try_from(value).unwrap_or_default())
    }

    #[inline(always)]
    fn i64(&mut self) -> Result<i64> {
        self.varint::<64>("an i64").map(unzigzag)
    }

    #[inline(always)]
    fn double(&mut self) -> Result<f64> {
        let bytes = self.reader.array::<8>("a double")?;
        if self.is_version_2() {
            return Ok(turned(bytes));
        }
        Ok(LittleEndian::read_f64(&bytes))
    }

    #[inline(always)]
    fn uuid(&mut self) -> Result<Uuid> {
        self.reader.array("a uuid").map(Uuid::from_bytes)
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Cow<'de, str>> {
        self.text().map(Cow::Borrowed)
    }

    #[inline]
    fn binary(&mut self) -> Result<Cow<'de, [u8]>> {
        self.counted().map(Cow::Borrowed)
    }

    #[inline]
    fn list_begin(&mut self) -> Result<ListHeader> {
        self.reader.enter()?;
        let byte = self.reader.byte("the header of a list or set")?;
        let len = match usize::from(byte >> 4) {
            LONG_LIST => self.length("the count of a list or set")?,
            len => len,
        };
        // Some writers put 0 for the type of an empty list, so it is checked only when used.
        let element = match len {
            0 => WireType::Bool,
            _ => self.wire_type(byte & 0x0f)?,
        };
        let len = self.reader.count(len, bytes_min(element))?;
        Ok(ListHeader { element, len })
    }

    fn numbers<T: Number>(&mut self, values: &mut Vec<T>, len: usize) -> Result<()> {
        match T::TYPE {
            WireType::I8 | WireType::Double => {
                // The count was checked against the bytes left, so this cannot overflow.
                let bytes = self
                    .reader
                    .take(len * size_of::<T>(), "a list of numbers")?;
                values.clear();
                if self.is_version_2() {
                    fast::read_big_endian(bytes, values);
                } else {
                    fast::read_little_endian(bytes, values);
                }
                Ok(())
            }
            WireType::I16 => self.varints::<T, 16>(values, len),
            WireType::I32 => self.varints::<T, 32>(values, len),
            _ => self.varints::<T, 64>(values, len),
        }
    }

    fn numbers_in_place<T: Number>(&mut self, len: usize) -> Result<Numbers<'de, T>> {
        if matches!(T::TYPE, WireType::I8 | WireType::Double) {
            let bytes = self
                .reader
                .take(len * size_of::<T>(), "a list of numbers")?;
            return Ok(if self.is_version_2() {
                Numbers::BigEndian(bytes)
            } else {
                Numbers::LittleEndian(bytes)
            });
        }
        let start = self.reader.offset();
        let element = T::TYPE;
        self.skip_elements(ListHeader { element, len })?;
        Ok(Numbers::Varints(self.reader.since(start), len))
    }

    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        let rest = self.reader.rest();
        if let Some(rest) = skip::values(rest, header.element, header.len, &self.bounds()) {
            self.reader.advance(self.reader.remaining() - rest.len());
            return Ok(());
        }
        self.skip_values(header.len, &[header.element])
    }

    #[inline(always)]
    fn list_end(&mut self) -> Result<()> {
        self.reader.leave();
        Ok(())
    }

    #[inline]
    fn map_begin(&mut self) -> Result<MapHeader> {
        self.reader.enter()?;
        let len = self.length("the count of a map")?;
        if len == 0 {
            return Ok(MapHeader {
                key: WireType::Bool,
                value: WireType::Bool,
                len,
            });
        }
        let types = self.reader.byte("the key and value types of a map")?;
        let (key, value) = (self.wire_type(types >> 4)?, self.wire_type(types & 0x0f)?);
        let len = self.reader.count(len, bytes_min(key) + bytes_min(value))?;
        Ok(MapHeader { key, value, len })
    }

    fn skip_pairs(&mut self, header: MapHeader) -> Result<()> {
        self.skip_values(header.len, &[header.key, header.value])
    }

    #[inline(always)]
    fn map_end(&mut self) -> Result<()> {
        self.reader.leave();
        Ok(())
    }

    fn skip(&mut self, ty: WireType) -> Result<&'de [u8]> {
        let start = self.reader.offset();
        match skip::value(self.reader.rest(), ty, &self.bounds()) {
            Some(rest) => self.reader.advance(self.reader.remaining() - rest.len()),
            None => self.skip_value(ty)?,
        }
        Ok(self.reader.since(start))
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        self.reader.offset()
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.reader.remaining()
    }

    #[inline]
    fn room<T>(&mut self, len: usize) -> usize {
        self.reader.room(len, size_of::<T>())
    }

    #[inline]
    fn had_room(&self) -> bool {
        self.reader.had_room()
    }
}

/// Out of line, so that the other order costs little.
#[cold]
#[inline(never)]
fn turned(bytes: [u8; 8]) -> f64 {
    f64::from_be_bytes(bytes)
}

impl CompactInput<'_> {
    #[inline(always)]
    fn i16_named(&mut self, what: &'static str) -> Result<i16> {
        let value = unzigzag(self.varint::<16>(what)?);
        Ok(i16::try_from(value).unwrap_or_default())
    }
}
