//! Reads the JSON protocol.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use uuid::Uuid;

use super::number::{self, BadInteger, is_numeric};
use super::{Json, NUMBER_BYTES_MAX, UUID_CHARS, VERSION, bytes_min, name, text, text_bytes_max};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::reader::{Reader, not_utf8};
use crate::protocol::{FieldHeader, Input, ListHeader, MapHeader, MessageForm, MessageHead, Place};
use crate::wire::WireType;

/// C++ and Java write no padding, the others do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a message in the JSON protocol.
#[derive(Clone, Debug)]
pub struct JsonInput<'de> {
    reader: Reader<'de>,
    /// The next scalar is the key of an object, so a number is quoted.
    is_key: bool,
}

/// What stands between quotes.
struct Text<'de> {
    start: usize,
    bytes: &'de [u8],
    escaped: bool,
}

impl<'de> JsonInput<'de> {
    #[inline]
    pub(super) fn new(message: &'de [u8], offset: usize, limits: &Limits) -> Self {
        Self {
            reader: Reader::new(message, offset, limits),
            is_key: false,
        }
    }

    #[inline(always)]
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.reader.rest().first() == Some(&byte);
        if found {
            self.reader.advance(1);
        }
        found
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<()> {
        if self.accept(byte) {
            return Ok(());
        }
        Err(self.unexpected(byte, what))
    }

    #[cold]
    #[inline(never)]
    fn unexpected(&self, byte: u8, what: &'static str) -> Error {
        if self.reader.remaining() == 0 {
            return self.reader.truncated(what);
        }
        let text = format!("`{}` is missing in {what}", char::from(byte));
        Error::new(ErrorKind::Malformed, text).at(self.offset())
    }

    #[cold]
    #[inline(never)]
    fn malformed(&self, message: &'static str) -> Error {
        self.reader.error(ErrorKind::Malformed, message)
    }

    /// An integer that is quoted if it is a key.
    #[inline]
    fn integer(&mut self, what: &'static str) -> Result<i64> {
        if !self.is_key {
            return self.bare_integer(what);
        }
        self.expect(b'"', what)?;
        let value = self.bare_integer(what)?;
        self.expect(b'"', what)?;
        Ok(value)
    }

    #[inline]
    fn bare_integer(&mut self, what: &'static str) -> Result<i64> {
        match number::read_integer(self.reader.rest()) {
            Ok((value, len)) => {
                self.reader.advance(len);
                Ok(value)
            }
            Err(bad) => Err(self.bad_integer(bad, what)),
        }
    }

    #[cold]
    #[inline(never)]
    fn bad_integer(&self, bad: BadInteger, what: &'static str) -> Error {
        match (bad, self.reader.rest()) {
            (BadInteger::TooLarge, _) => self.out_of_range(what),
            (BadInteger::Malformed, b"" | b"-") => self.reader.truncated(what),
            (BadInteger::Malformed, _) => {
                let text = format!("{what} is not written as an integer");
                Error::new(ErrorKind::Malformed, text).at(self.offset())
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn out_of_range(&self, what: &'static str) -> Error {
        let text = format!("the number does not fit into {what}");
        Error::new(ErrorKind::Malformed, text).at(self.offset())
    }

    #[inline]
    fn ranged<T: TryFrom<i64>>(&mut self, what: &'static str) -> Result<T> {
        let value = self.integer(what)?;
        T::try_from(value).map_err(|_| self.out_of_range(what))
    }

    /// A double that is a key, or that is no number.
    #[inline(never)]
    fn quoted_double(&mut self) -> Result<f64> {
        match self.quoted("a double")?.bytes {
            b"NaN" => Ok(f64::NAN),
            b"Infinity" => Ok(f64::INFINITY),
            b"-Infinity" => Ok(f64::NEG_INFINITY),
            number if self.is_key => self.number(number),
            _ => Err(self.malformed("a double is quoted, but no key")),
        }
    }

    fn number(&self, text: &[u8]) -> Result<f64> {
        if text.len() > NUMBER_BYTES_MAX {
            let text = "a double is written with more than 64 characters";
            return Err(self.reader.error(ErrorKind::Limit, text));
        }
        number::read_double(text)
            .ok_or_else(|| self.malformed("a double is not written as JSON writes a number"))
    }

    /// What stands between quotes, with its escapes.
    fn quoted(&mut self, what: &'static str) -> Result<Text<'de>> {
        self.expect(b'"', what)?;
        let start = self.offset();
        let mut escaped = false;
        while let Some(at) = text::find_delimiter(self.reader.rest()) {
            if self.reader.rest()[at] == b'"' {
                self.reader.advance(at);
                let bytes = self.reader.since(start);
                self.reader.advance(1);
                let max = text_bytes_max(self.reader.string_bytes_max());
                if bytes.len() > max {
                    // Whatever it decodes to has more than a sixth of this.
                    self.reader.check_string(bytes.len().div_ceil(6))?;
                }
                return Ok(Text {
                    start,
                    bytes,
                    escaped,
                });
            }
            escaped = true;
            // The backslash and what it escapes, which may be a quote.
            self.reader.take(at + 2, what)?;
        }
        Err(self.reader.truncated(what))
    }

    /// Text decoded to bytes, which are not yet known to be UTF-8.
    fn unescaped(&self, text: &Text<'de>) -> Result<Cow<'de, [u8]>> {
        if !text.escaped {
            return Ok(Cow::Borrowed(text.bytes));
        }
        match text::unescape(text.bytes) {
            Ok(bytes) => Ok(Cow::Owned(bytes)),
            Err(bad) => Err(self.malformed(bad.message).at(text.start + bad.place)),
        }
    }

    fn text(&mut self, what: &'static str) -> Result<Cow<'de, str>> {
        let text = self.quoted(what)?;
        let bytes = self.unescaped(&text)?;
        self.reader.check_string(bytes.len())?;
        match bytes {
            Cow::Borrowed(bytes) => str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|error| not_utf8(text.start, error)),
            Cow::Owned(bytes) => String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|error| not_utf8(text.start, error.utf8_error())),
        }
    }

    /// The name of a type, or `None` when no type has it.
    fn type_name(&mut self, what: &'static str) -> Result<Option<WireType>> {
        let text = self.quoted(what)?;
        Ok(super::wire_type(text.bytes))
    }

    /// Checks a type, unless the container is empty: then nothing depends on it.
    fn element_type(&self, ty: Option<WireType>, len: usize) -> Result<WireType> {
        match ty {
            Some(ty) => Ok(ty),
            None if len == 0 => Ok(WireType::Bool),
            None => Err(self.reader.unknown_type()),
        }
    }

    fn length(&mut self, what: &'static str) -> Result<usize> {
        let length: i32 = self.ranged(what)?;
        usize::try_from(length).map_err(|_| self.reader.negative())
    }

    /// How long the next field header is, if it is exactly this one.
    #[inline]
    fn header_len(&self, id: i16, ty: WireType) -> Option<usize> {
        let rest = self.reader.rest();
        let mut header = rest;
        if self.reader.previous() != Some(b'{') {
            header = header.strip_prefix(b",")?;
        }
        let mut space = [0; 20];
        let id = number::integer(id.into(), &mut space);
        let header = header
            .strip_prefix(b"\"")?
            .strip_prefix(id)?
            .strip_prefix(b"\":{\"")?
            .strip_prefix(name(ty).as_bytes())?
            .strip_prefix(b"\":")?;
        Some(rest.len() - header.len())
    }

    fn skip_value(&mut self, ty: WireType) -> Result<()> {
        match ty {
            WireType::Bool => self.bool().map(drop),
            WireType::I8 => self.i8().map(drop),
            WireType::I16 => self.i16().map(drop),
            WireType::I32 => self.i32().map(drop),
            WireType::I64 => self.i64().map(drop),
            WireType::Double => self.double().map(drop),
            WireType::Uuid => self.uuid().map(drop),
            WireType::String => self.quoted("a string").map(drop),
            WireType::Struct => {
                self.struct_begin()?;
                while let Some(field) = self.field(0)? {
                    self.skip_value(field.ty)?;
                    self.field_end()?;
                }
                self.struct_end()
            }
            WireType::List | WireType::Set => {
                let header = self.list_begin()?;
                for index in 0..header.len {
                    self.element(index)?;
                    self.skip_value(header.element)?;
                }
                self.list_end()
            }
            WireType::Map => {
                let header = self.map_begin()?;
                for index in 0..header.len {
                    self.key(index)?;
                    self.skip_value(header.key)?;
                    self.value()?;
                    self.skip_value(header.value)?;
                }
                self.map_end()
            }
        }
    }
}

impl<'de> Input<'de> for JsonInput<'de> {
    type Protocol = Json;

    #[inline]
    fn at(place: &Place<'de>) -> Self {
        let reader = Reader::new(place.message, place.offset, &place.limits);
        Self {
            reader,
            is_key: false,
        }
    }

    #[inline]
    fn place(&self) -> Place<'de> {
        self.reader.place()
    }

    fn message_begin(&mut self) -> Result<MessageHead<'de>> {
        const HEAD: &str = "the head of a message";
        self.reader.check_message()?;
        self.expect(b'[', "the start of a message")?;
        if self.bare_integer("the version of a message")? != VERSION {
            let text = "a message is of another version of the JSON protocol than 1";
            return Err(self.malformed(text));
        }
        self.expect(b',', HEAD)?;
        let name = self.text("the name of a message")?;
        self.expect(b',', HEAD)?;
        let kind = self.ranged::<u8>("the kind of a message")?;
        let kind = self.reader.kind(kind)?;
        self.expect(b',', HEAD)?;
        let sequence_id = self.ranged("a sequence id")?;
        self.expect(b',', HEAD)?;
        Ok(MessageHead {
            name,
            kind,
            sequence_id,
            form: MessageForm::Strict,
        })
    }

    fn message_end(&mut self) -> Result<()> {
        self.expect(b']', "the end of a message")?;
        self.reader.end()
    }

    #[inline]
    fn struct_begin(&mut self) -> Result<()> {
        self.reader.enter()?;
        self.is_key = false;
        self.expect(b'{', "the start of a struct")
    }

    #[inline(always)]
    fn struct_end(&mut self) -> Result<()> {
        self.reader.leave();
        Ok(())
    }

    #[inline]
    fn try_field(&mut self, _: i16, id: i16, ty: WireType) -> bool {
        match self.header_len(id, ty) {
            Some(len) => {
                self.reader.advance(len);
                true
            }
            None => false,
        }
    }

    #[inline]
    fn try_bool_field(&mut self, _: i16, id: i16) -> Option<bool> {
        let len = self.header_len(id, WireType::Bool)?;
        let value = match self.reader.rest().get(len)? {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
        self.reader.advance(len + 1);
        Some(value)
    }

    #[inline(always)]
    fn try_stop(&mut self, _: i16) -> bool {
        self.accept(b'}')
    }

    fn field(&mut self, _: i16) -> Result<Option<FieldHeader>> {
        const HEADER: &str = "the header of a field";
        if self.accept(b'}') {
            return Ok(None);
        }
        if self.reader.previous() != Some(b'{') {
            self.expect(b',', "a struct")?;
        }
        self.expect(b'"', HEADER)?;
        let id = self.bare_integer("a field id")?;
        let id = i16::try_from(id).map_err(|_| self.out_of_range("a field id"))?;
        self.expect(b'"', HEADER)?;
        self.expect(b':', HEADER)?;
        self.expect(b'{', HEADER)?;
        let ty = self.type_name("the type of a field")?;
        let ty = ty.ok_or_else(|| self.reader.unknown_type())?;
        self.expect(b':', HEADER)?;
        Ok(Some(FieldHeader {
            id,
            ty,
            bool_value: None,
        }))
    }

    #[inline(always)]
    fn field_end(&mut self) -> Result<()> {
        self.expect(b'}', "the end of a field")
    }

    #[inline]
    fn bool(&mut self) -> Result<bool> {
        match self.integer("a bool")? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a bool is neither 0 nor 1")),
        }
    }

    #[inline]
    fn i8(&mut self) -> Result<i8> {
        self.ranged("an i8")
    }

    #[inline]
    fn i16(&mut self) -> Result<i16> {
        self.ranged("an i16")
    }

    #[inline]
    fn i32(&mut self) -> Result<i32> {
        self.ranged("an i32")
    }

    #[inline]
    fn i64(&mut self) -> Result<i64> {
        self.integer("an i64")
    }

    fn double(&mut self) -> Result<f64> {
        let rest = self.reader.rest();
        if self.is_key || rest.first() == Some(&b'"') {
            return self.quoted_double();
        }
        let window = &rest[..rest.len().min(NUMBER_BYTES_MAX + 1)];
        let len = window.iter().take_while(|&&byte| is_numeric(byte)).count();
        let value = match self.number(&rest[..len]) {
            // Digits may be missing at the end, or all of them.
            Err(error) if len == rest.len() && error.kind() == ErrorKind::Malformed => {
                return Err(self.reader.truncated("a double"));
            }
            value => value?,
        };
        self.reader.advance(len);
        Ok(value)
    }

    fn uuid(&mut self) -> Result<Uuid> {
        let text = self.quoted("a uuid")?;
        let uuid = match text.bytes.len() {
            UUID_CHARS => Uuid::try_parse_ascii(text.bytes).ok(),
            _ => None,
        };
        uuid.ok_or_else(|| self.malformed("a uuid is not written as 8-4-4-4-12 hexadecimal digits"))
    }

    #[inline]
    fn string(&mut self) -> Result<Cow<'de, str>> {
        self.text("a string")
    }

    fn binary(&mut self) -> Result<Cow<'de, [u8]>> {
        let text = self.quoted("a binary")?;
        // `/` is one of the characters, and some writers escape it.
        let encoded = self.unescaped(&text)?;
        let bytes = BASE64.decode(encoded).map_err(|error| {
            self.malformed("a binary is not written in base64")
                .at(text.start)
                .with_source(error)
        })?;
        self.reader.check_string(bytes.len())?;
        Ok(Cow::Owned(bytes))
    }

    fn text_or_binary(&mut self) -> Result<Cow<'de, [u8]>> {
        Ok(match self.text("a string")? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    fn list_begin(&mut self) -> Result<ListHeader> {
        const HEADER: &str = "the header of a list or set";
        self.reader.enter()?;
        self.is_key = false;
        self.expect(b'[', HEADER)?;
        let element = self.type_name("the element type of a list or set")?;
        self.expect(b',', HEADER)?;
        let len = self.length("the count of a list or set")?;
        let element = self.element_type(element, len)?;
        // Each element has a comma in front.
        let len = self.reader.count(len, bytes_min(element) + 1)?;
        Ok(ListHeader { element, len })
    }

    #[inline(always)]
    fn element(&mut self, _: usize) -> Result<()> {
        self.expect(b',', "a list or set")
    }

    #[inline]
    fn list_end(&mut self) -> Result<()> {
        self.reader.leave();
        self.expect(b']', "the end of a list or set")
    }

    fn map_begin(&mut self) -> Result<MapHeader> {
        const HEADER: &str = "the header of a map";
        self.reader.enter()?;
        self.is_key = false;
        self.expect(b'[', HEADER)?;
        let key = self.type_name("the key type of a map")?;
        self.expect(b',', HEADER)?;
        let value = self.type_name("the value type of a map")?;
        self.expect(b',', HEADER)?;
        let len = self.length("the count of a map")?;
        self.expect(b',', HEADER)?;
        self.expect(b'{', HEADER)?;
        let (key, value) = (self.element_type(key, len)?, self.element_type(value, len)?);
        // A colon between, and a comma or brace after each pair.
        let len = self
            .reader
            .count(len, bytes_min(key) + bytes_min(value) + 2)?;
        Ok(MapHeader { key, value, len })
    }

    #[inline]
    fn key(&mut self, index: usize) -> Result<()> {
        self.is_key = true;
        match index {
            0 => Ok(()),
            _ => self.expect(b',', "a map"),
        }
    }

    #[inline]
    fn value(&mut self) -> Result<()> {
        self.is_key = false;
        self.expect(b':', "a map")
    }

    fn map_end(&mut self) -> Result<()> {
        self.reader.leave();
        self.expect(b'}', "the end of a map")?;
        self.expect(b']', "the end of a map")
    }

    fn skip(&mut self, ty: WireType) -> Result<&'de [u8]> {
        let start = self.offset();
        self.skip_value(ty)?;
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
