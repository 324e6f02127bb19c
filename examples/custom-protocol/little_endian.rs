//! A protocol of one's own: like `binary`, but little-endian, for peers that cannot swap bytes.
//!
//! | value | bytes |
//! | --- | --- |
//! | numbers | fixed width, little-endian |
//! | `string`, `binary` | `u32` length, bytes |
//! | list, set, map | type byte(s), `u32` count, elements |
//! | struct | fields (type byte, `i16` id, value), then `00` |
//! | message | kind byte, `i32` sequence id, name, struct |
//!
//! It has no scanner, so it needs a transport with frames.

use std::borrow::Cow;

use seapink::protocol::{
    FieldHeader, Input, ListHeader, MapHeader, MessageForm, MessageHead, Output, Place, Protocol,
    Written,
};
use seapink::{Error, ErrorKind, Limits, MessageKind, Result, Uuid, WireType};

/// The protocol, as `protocol_set!` wants it.
#[derive(Clone, Copy, Debug)]
pub struct LittleEndian;

impl Protocol for LittleEndian {
    const NAME: &'static str = "little-endian";
    type Input<'de> = Reader<'de>;
    type Output<'v> = Writer;

    fn input<'de>(message: &'de [u8], offset: usize, limits: &Limits) -> Reader<'de> {
        Reader {
            message,
            offset,
            depth_left: limits.depth_max,
            limits: *limits,
        }
    }

    fn output<'v>(buffer: Vec<u8>, limits: &Limits) -> Self::Output<'v> {
        Writer {
            buffer,
            depth_left: limits.depth_max,
            too_deep: false,
        }
    }
}

/// Reads a message.
#[derive(Debug)]
pub struct Reader<'de> {
    message: &'de [u8],
    offset: usize,
    depth_left: u32,
    limits: Limits,
}

impl<'de> Reader<'de> {
    fn take(&mut self, count: usize) -> Result<&'de [u8]> {
        let rest = &self.message[self.offset..];
        let taken = rest
            .get(..count)
            .ok_or_else(|| self.fail(ErrorKind::Truncated, "the message ends inside a value"))?;
        self.offset += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn wire_type(&mut self) -> Result<WireType> {
        let [byte] = self.array()?;
        WireType::from_byte(byte).ok_or_else(|| self.fail(ErrorKind::Malformed, "no wire type"))
    }

    fn length(&mut self) -> Result<usize> {
        let length = u32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| self.fail(ErrorKind::Limit, "a length"))
    }

    /// A count is believed only as far as there are bytes for it: one for each element at least.
    fn count(&mut self) -> Result<usize> {
        let count = self.length()?;
        if count > self.limits.container_elements_max {
            return Err(self.fail(
                ErrorKind::Limit,
                "more elements than container_elements_max",
            ));
        }
        if count > self.remaining() {
            return Err(self.fail(ErrorKind::Truncated, "more elements than bytes"));
        }
        Ok(count)
    }

    fn enter(&mut self) -> Result<()> {
        let left = self.depth_left.checked_sub(1);
        self.depth_left =
            left.ok_or_else(|| self.fail(ErrorKind::Limit, "deeper than depth_max"))?;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth_left += 1;
    }

    fn skip_value(&mut self, ty: WireType) -> Result<()> {
        match ty {
            WireType::Bool | WireType::I8 => self.take(1).map(drop),
            WireType::I16 => self.take(2).map(drop),
            WireType::I32 => self.take(4).map(drop),
            WireType::I64 | WireType::Double => self.take(8).map(drop),
            WireType::Uuid => self.take(16).map(drop),
            WireType::String => self.binary().map(drop),
            WireType::Struct => {
                self.struct_begin()?;
                while let Some(field) = self.field(0)? {
                    self.skip_value(field.ty)?;
                }
                self.struct_end()
            }
            WireType::List | WireType::Set => {
                let header = self.list_begin()?;
                (0..header.len).try_for_each(|_| self.skip_value(header.element))?;
                self.list_end()
            }
            WireType::Map => {
                let header = self.map_begin()?;
                for _ in 0..header.len {
                    self.skip_value(header.key)?;
                    self.skip_value(header.value)?;
                }
                self.map_end()
            }
        }
    }
}

impl<'de> Input<'de> for Reader<'de> {
    type Protocol = LittleEndian;

    fn at(place: &Place<'de>) -> Self {
        LittleEndian::input(place.message, place.offset, &place.limits)
    }

    fn place(&self) -> Place<'de> {
        Place {
            message: self.message,
            offset: self.offset,
            limits: self.limits.depth_max(self.depth_left),
            form: MessageForm::Strict,
        }
    }

    fn message_begin(&mut self) -> Result<MessageHead<'de>> {
        let [kind] = self.array()?;
        let kind = MessageKind::from_byte(kind)
            .ok_or_else(|| self.fail(ErrorKind::Malformed, "no message kind"))?;
        let sequence_id = i32::from_le_bytes(self.array()?);
        let name = self.string()?;
        Ok(MessageHead {
            name,
            kind,
            sequence_id,
            form: MessageForm::Strict,
        })
    }

    fn message_end(&mut self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            _ => Err(self.fail(ErrorKind::Malformed, "bytes follow the message")),
        }
    }

    fn struct_begin(&mut self) -> Result<()> {
        self.enter()
    }

    fn struct_end(&mut self) -> Result<()> {
        self.leave();
        Ok(())
    }

    fn try_field(&mut self, _: i16, id: i16, ty: WireType) -> bool {
        let [low, high] = id.to_le_bytes();
        let found = self.message[self.offset..].starts_with(&[ty.byte(), low, high]);
        self.offset += if found { 3 } else { 0 };
        found
    }

    fn try_bool_field(&mut self, _: i16, id: i16) -> Option<bool> {
        let &[.., value] = self.message.get(self.offset..self.offset + 4)? else {
            return None;
        };
        self.try_field(0, id, WireType::Bool).then(|| {
            self.offset += 1;
            value != 0
        })
    }

    fn try_stop(&mut self, _: i16) -> bool {
        let found = self.message.get(self.offset) == Some(&0);
        self.offset += usize::from(found);
        found
    }

    fn field(&mut self, _: i16) -> Result<Option<FieldHeader>> {
        if self.try_stop(0) {
            return Ok(None);
        }
        let ty = self.wire_type()?;
        let id = i16::from_le_bytes(self.array()?);
        Ok(Some(FieldHeader {
            id,
            ty,
            bool_value: None,
        }))
    }

    fn bool(&mut self) -> Result<bool> {
        self.array().map(|[byte]| byte != 0)
    }

    fn i8(&mut self) -> Result<i8> {
        self.array().map(i8::from_le_bytes)
    }

    fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_le_bytes)
    }

    fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn double(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    fn uuid(&mut self) -> Result<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    fn string(&mut self) -> Result<Cow<'de, str>> {
        let length = self.length()?;
        let text = std::str::from_utf8(self.take(length)?);
        let text = text.map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))?;
        Ok(Cow::Borrowed(text))
    }

    fn binary(&mut self) -> Result<Cow<'de, [u8]>> {
        let length = self.length()?;
        self.take(length).map(Cow::Borrowed)
    }

    fn list_begin(&mut self) -> Result<ListHeader> {
        self.enter()?;
        let element = self.wire_type()?;
        let len = self.count()?;
        Ok(ListHeader { element, len })
    }

    fn list_end(&mut self) -> Result<()> {
        self.leave();
        Ok(())
    }

    fn map_begin(&mut self) -> Result<MapHeader> {
        self.enter()?;
        let (key, value) = (self.wire_type()?, self.wire_type()?);
        let len = self.count()?;
        Ok(MapHeader { key, value, len })
    }

    fn map_end(&mut self) -> Result<()> {
        self.leave();
        Ok(())
    }

    fn skip(&mut self, ty: WireType) -> Result<&'de [u8]> {
        let start = self.offset;
        self.skip_value(ty)?;
        Ok(&self.message[start..self.offset])
    }

    fn offset(&self) -> usize {
        self.offset
    }

    fn remaining(&self) -> usize {
        self.message.len() - self.offset
    }
}

/// Writes a message.
#[derive(Debug)]
pub struct Writer {
    buffer: Vec<u8>,
    depth_left: u32,
    too_deep: bool,
}

impl Writer {
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.buffer.extend_from_slice(&bytes);
    }

    fn length(&mut self, length: usize) {
        self.put(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn enter(&mut self) -> bool {
        let entered = self.depth_left > 0;
        self.depth_left -= u32::from(entered);
        self.too_deep |= !entered;
        entered
    }
}

impl<'v> Output<'v> for Writer {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        self.put([head.kind.byte()]);
        self.i32(head.sequence_id);
        self.string(&head.name);
    }

    fn message_end(&mut self) {}

    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.enter()
    }

    fn struct_end(&mut self) {
        self.depth_left += 1;
        self.put([0]);
    }

    fn field(&mut self, _: i16, id: i16, ty: WireType, _: &'static str) {
        self.put([ty.byte()]);
        self.i16(id);
    }

    fn bool_field(&mut self, last: i16, id: i16, name: &'static str, value: bool) {
        self.field(last, id, WireType::Bool, name);
        self.bool(value);
    }

    fn bool(&mut self, value: bool) {
        self.put([u8::from(value)]);
    }

    fn i8(&mut self, value: i8) {
        self.put(value.to_le_bytes());
    }

    fn i16(&mut self, value: i16) {
        self.put(value.to_le_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.put(value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.put(value.to_le_bytes());
    }

    fn double(&mut self, value: f64) {
        self.put(value.to_le_bytes());
    }

    fn uuid(&mut self, value: Uuid) {
        self.put(*value.as_bytes());
    }

    fn string(&mut self, value: &str) {
        self.binary(value.as_bytes());
    }

    fn binary(&mut self, value: &[u8]) {
        self.length(value.len());
        self.buffer.extend_from_slice(value);
    }

    fn list_begin(&mut self, element: WireType, len: usize) -> bool {
        let entered = self.enter();
        if entered {
            self.put([element.byte()]);
            self.length(len);
        }
        entered
    }

    fn list_end(&mut self) {
        self.depth_left += 1;
    }

    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        let entered = self.enter();
        if entered {
            self.put([key.byte(), value.byte()]);
            self.length(len);
        }
        entered
    }

    fn map_end(&mut self) {
        self.depth_left += 1;
    }

    fn finish(self) -> Written<'v> {
        let result = if self.too_deep {
            Err(Error::new(ErrorKind::Limit, "deeper than depth_max"))
        } else {
            Ok(())
        };
        Written {
            bytes: self.buffer,
            blobs: Vec::new(),
            result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian() {
        let mut out = LittleEndian::output(Vec::new(), &Limits::default());
        out.i32(1);
        out.string("é");
        assert_eq!(out.finish().bytes, [1, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xa9]);
    }

    #[test]
    fn declared_sizes_are_not_believed() {
        let mut input = LittleEndian::input(&[8, 255, 255, 0, 0], 0, &Limits::default());
        assert_eq!(input.list_begin().unwrap_err().kind(), ErrorKind::Truncated);
    }
}
