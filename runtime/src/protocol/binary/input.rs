//! Reads the binary protocol.

use std::borrow::Cow;

use byteorder::{BigEndian, ByteOrder};
use uuid::Uuid;

use super::{Binary, STOP, VERSION_1, VERSION_MASK, bytes_min, is_fixed, skip};
use crate::error::{ErrorKind, Result};
use crate::fast;
use crate::limits::Limits;
use crate::protocol::reader::Reader;
use crate::protocol::{
    FieldHeader, Input, ListHeader, MapHeader, MessageForm, MessageHead, Number, Numbers, Place,
};
use crate::wire::WireType;

/// Reads a message in the binary protocol.
#[derive(Clone, Copy, Debug)]
pub struct BinaryInput<'de> {
    reader: Reader<'de>,
}

impl<'de> BinaryInput<'de> {
    #[inline]
    pub(super) fn new(message: &'de [u8], offset: usize, limits: &Limits) -> Self {
        Self {
            reader: Reader::new(message, offset, limits),
        }
    }

    #[inline(always)]
    fn length(&mut self, what: &'static str) -> Result<usize> {
        let length = self.int(what)?;
        usize::try_from(length).map_err(|_| self.reader.negative())
    }

    #[inline(always)]
    fn int(&mut self, what: &'static str) -> Result<i32> {
        Ok(BigEndian::read_i32(&self.reader.array::<4>(what)?))
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

    fn wire_type(&self, byte: u8) -> Result<WireType> {
        WireType::from_byte(byte).ok_or_else(|| self.reader.unknown_type())
    }

    /// Some writers put 0 for the types of an empty container, so they are checked only when used.
    fn element_type(&self, byte: u8, len: usize) -> Result<WireType> {
        if len == 0 {
            Ok(WireType::from_byte(byte).unwrap_or(WireType::Bool))
        } else {
            self.wire_type(byte)
        }
    }

    fn bounds(&self) -> skip::Bounds {
        skip::Bounds {
            string_bytes_max: self.reader.string_bytes_max(),
            container_elements_max: self.reader.container_elements_max(),
        }
    }

    /// The slower way of [`skip`], which says what is wrong.
    fn skip_value(&mut self, ty: WireType) -> Result<()> {
        match ty {
            WireType::String => {
                self.counted()?;
            }
            WireType::Struct => {
                self.struct_begin()?;
                while let Some(field) = self.field(0)? {
                    self.skip_value(field.ty)?;
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
            fixed => {
                self.reader
                    .take(bytes_min(fixed), "a value that is skipped")?;
            }
        }
        Ok(())
    }

    fn skip_values(&mut self, len: usize, types: &[WireType]) -> Result<()> {
        if types.iter().all(|&ty| is_fixed(ty)) {
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

impl<'de> Input<'de> for BinaryInput<'de> {
    type Protocol = Binary;

    #[inline]
    fn at(place: &Place<'de>) -> Self {
        let reader = Reader::new(place.message, place.offset, &place.limits);
        Self { reader }
    }

    #[inline]
    fn place(&self) -> Place<'de> {
        self.reader.place()
    }

    fn message_begin(&mut self) -> Result<MessageHead<'de>> {
        self.reader.check_message()?;
        let first = self.int("the start of a message")?;
        if let Ok(length) = usize::try_from(first) {
            let name = self.reader.counted(length)?;
            let name = Cow::Borrowed(self.reader.utf8(name)?);
            let byte = self.reader.byte("the kind of a message")?;
            let kind = self.reader.kind(byte)?;
            let sequence_id = self.int("a sequence id")?;
            return Ok(MessageHead {
                name,
                kind,
                sequence_id,
                form: MessageForm::Old,
            });
        }
        let first = first.cast_unsigned();
        if first & VERSION_MASK != VERSION_1 {
            let text = "a message does not start with the binary protocol's version, 80 01";
            return Err(self.reader.error(ErrorKind::Malformed, text));
        }
        let kind = self.reader.kind(first.to_be_bytes()[3])?;
        let name = Cow::Borrowed(self.text()?);
        let sequence_id = self.int("a sequence id")?;
        Ok(MessageHead {
            name,
            kind,
            sequence_id,
            form: MessageForm::Strict,
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
    fn try_field(&mut self, _: i16, id: i16, ty: WireType) -> bool {
        // Four bytes, since no field ends its message: a value or a stop follows.
        let [high, low] = id.to_be_bytes();
        let wanted = u32::from_be_bytes([ty.byte(), high, low, 0]);
        let found = match self.reader.rest().first_chunk() {
            Some(&bytes) => u32::from_be_bytes(bytes) & 0xffff_ff00 == wanted,
            None => false,
        };
        if found {
            self.reader.advance(3);
        }
        found
    }

    #[inline(always)]
    fn try_bool_field(&mut self, _: i16, id: i16) -> Option<bool> {
        let [high, low] = id.to_be_bytes();
        match *self.reader.rest().first_chunk()? {
            [ty, id_high, id_low, value]
                if [ty, id_high, id_low] == [WireType::Bool.byte(), high, low] =>
            {
                self.reader.advance(4);
                Some(value != 0)
            }
            _ => None,
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

    fn field(&mut self, _: i16) -> Result<Option<FieldHeader>> {
        let byte = self.reader.byte("a struct")?;
        if byte == STOP {
            return Ok(None);
        }
        let ty = self.wire_type(byte)?;
        let id = BigEndian::read_i16(&self.reader.array::<2>("a field id")?);
        Ok(Some(FieldHeader {
            id,
            ty,
            bool_value: None,
        }))
    }

    #[inline(always)]
    fn bool(&mut self) -> Result<bool> {
        self.reader.byte("a bool").map(|byte| byte != 0)
    }

    #[inline(always)]
    fn i8(&mut self) -> Result<i8> {
        self.reader.byte("an i8").map(u8::cast_signed)
    }

    #[inline(always)]
    fn i16(&mut self) -> Result<i16> {
        Ok(BigEndian::read_i16(&self.reader.array::<2>("an i16")?))
    }

    #[inline(always)]
    fn i32(&mut self) -> Result<i32> {
        self.int("an i32")
    }

    #[inline(always)]
    fn i64(&mut self) -> Result<i64> {
        Ok(BigEndian::read_i64(&self.reader.array::<8>("an i64")?))
    }

    #[inline(always)]
    fn double(&mut self) -> Result<f64> {
        Ok(BigEndian::read_f64(&self.reader.array::<8>("a double")?))
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
        let byte = self.reader.byte("the element type of a list or set")?;
        let len = self.length("the count of a list or set")?;
        let element = self.element_type(byte, len)?;
        let len = self.reader.count(len, bytes_min(element))?;
        Ok(ListHeader { element, len })
    }

    fn numbers<T: Number>(&mut self, values: &mut Vec<T>, len: usize) -> Result<()> {
        // The count was checked against the bytes left, so this cannot overflow.
        let bytes = self
            .reader
            .take(len * size_of::<T>(), "a list of numbers")?;
        values.clear();
        fast::read_big_endian(bytes, values);
        Ok(())
    }

    fn numbers_in_place<T: Number>(&mut self, len: usize) -> Result<Numbers<'de, T>> {
        let bytes = self
            .reader
            .take(len * size_of::<T>(), "a list of numbers")?;
        Ok(Numbers::BigEndian(bytes))
    }

    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        let (rest, depth) = (self.reader.rest(), self.reader.depth_left());
        if let Some(rest) = skip::values(rest, header.len, header.element, depth, &self.bounds()) {
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
        let [key, value] = self.reader.array("the key and value types of a map")?;
        let len = self.length("the count of a map")?;
        let (key, value) = (self.element_type(key, len)?, self.element_type(value, len)?);
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
        let depth = self.reader.depth_left();
        match skip::value(self.reader.rest(), ty, depth, &self.bounds()) {
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
