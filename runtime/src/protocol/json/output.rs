//! Writes the JSON protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use uuid::Uuid;

use super::{VERSION, name, number, text};
use crate::limits::Limits;
use crate::protocol::writer::Depth;
use crate::protocol::{MessageHead, Output, Written};
use crate::wire::WireType;

/// Appends values in the JSON protocol to a buffer.
#[derive(Debug)]
pub struct JsonOutput {
    buffer: Vec<u8>,
    depth: Depth,
    /// The next scalar is the key of an object, so a number is quoted.
    is_key: bool,
}

impl JsonOutput {
    #[inline]
    pub(super) fn new(buffer: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
            is_key: false,
        }
    }

    #[inline(always)]
    fn put(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn integer(&mut self, value: impl Into<i64>) {
        self.number(|buffer| number::write_integer(value.into(), buffer));
    }

    #[inline(always)]
    fn number(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.is_key {
            self.buffer.push(b'"');
            write(&mut self.buffer);
            self.buffer.push(b'"');
        } else {
            write(&mut self.buffer);
        }
    }

    /// `"text"`, for text without escapes.
    fn quoted(&mut self, plain: &str) {
        self.buffer.push(b'"');
        self.put(plain);
        self.buffer.push(b'"');
    }

    /// Enters a struct or container that begins with this.
    fn open(&mut self, bracket: u8) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.is_key = false;
            self.buffer.push(bracket);
        }
        entered
    }

    fn count(&mut self, len: usize) {
        self.integer(i32::try_from(len).unwrap_or(i32::MAX));
    }
}

impl<'v> Output<'v> for JsonOutput {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        self.buffer.push(b'[');
        self.integer(VERSION);
        self.buffer.push(b',');
        self.string(&head.name);
        self.buffer.push(b',');
        self.integer(head.kind.byte());
        self.buffer.push(b',');
        self.integer(head.sequence_id);
        self.buffer.push(b',');
    }

    fn message_end(&mut self) {
        self.buffer.push(b']');
    }

    #[inline]
    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.open(b'{')
    }

    #[inline]
    fn struct_end(&mut self) {
        self.depth.leave();
        self.buffer.push(b'}');
    }

    #[inline]
    fn field(&mut self, _: i16, id: i16, ty: WireType, _: &'static str) {
        // The field before ended with a brace of its own.
        if self.buffer.last() != Some(&b'{') {
            self.buffer.push(b',');
        }
        self.buffer.push(b'"');
        number::write_integer(id.into(), &mut self.buffer);
        self.put("\":{\"");
        self.put(name(ty));
        self.put("\":");
    }

    #[inline]
    fn bool_field(&mut self, last: i16, id: i16, name: &'static str, value: bool) {
        self.field(last, id, WireType::Bool, name);
        self.bool(value);
        self.field_end();
    }

    #[inline(always)]
    fn field_end(&mut self) {
        self.buffer.push(b'}');
    }

    #[inline]
    fn bool(&mut self, value: bool) {
        self.integer(value);
    }

    #[inline]
    fn i8(&mut self, value: i8) {
        self.integer(value);
    }

    #[inline]
    fn i16(&mut self, value: i16) {
        self.integer(value);
    }

    #[inline]
    fn i32(&mut self, value: i32) {
        self.integer(value);
    }

    #[inline]
    fn i64(&mut self, value: i64) {
        self.integer(value);
    }

    fn double(&mut self, value: f64) {
        if value.is_finite() {
            self.number(|buffer| number::write_double(value, buffer));
        } else {
            self.quoted(number::not_finite(value));
        }
    }

    fn uuid(&mut self, value: Uuid) {
        let mut space = Uuid::encode_buffer();
        let text = value.hyphenated().encode_lower(&mut space);
        self.quoted(text);
    }

    #[inline]
    fn string(&mut self, value: &str) {
        text::write(value, &mut self.buffer);
    }

    fn binary(&mut self, value: &[u8]) {
        self.buffer.push(b'"');
        let start = self.buffer.len();
        let len = base64::encoded_len(value.len(), false).unwrap_or(usize::MAX);
        self.buffer.resize(start + len, 0);
        let written = STANDARD_NO_PAD.encode_slice(value, &mut self.buffer[start..]);
        debug_assert_eq!(written, Ok(len));
        self.buffer.push(b'"');
    }

    fn list_begin(&mut self, element: WireType, len: usize) -> bool {
        let entered = self.open(b'[');
        if entered {
            self.quoted(name(element));
            self.buffer.push(b',');
            self.count(len);
        }
        entered
    }

    #[inline(always)]
    fn element(&mut self, _: usize) {
        self.buffer.push(b',');
    }

    #[inline(always)]
    fn list_end(&mut self) {
        self.depth.leave();
        self.buffer.push(b']');
    }

    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        let entered = self.open(b'[');
        if entered {
            self.quoted(name(key));
            self.buffer.push(b',');
            self.quoted(name(value));
            self.buffer.push(b',');
            self.count(len);
            self.put(",{");
        }
        entered
    }

    #[inline(always)]
    fn key(&mut self, index: usize) {
        if index > 0 {
            self.buffer.push(b',');
        }
        self.is_key = true;
    }

    #[inline(always)]
    fn value(&mut self) {
        self.is_key = false;
        self.buffer.push(b':');
    }

    fn map_end(&mut self) {
        self.depth.leave();
        self.put("}]");
    }

    fn finish(self) -> Written<'v> {
        Written {
            bytes: self.buffer,
            blobs: Vec::new(),
            result: self.depth.finish(),
        }
    }
}
