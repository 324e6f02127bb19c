//! Writes the compact protocol.

use uuid::Uuid;

use super::turn::turn;
use super::varint::{self, zigzag};
use super::{
    Compact, FALSE, KIND_SHIFT, LONG_LIST, PROTOCOL_ID, STOP, VERSION_1, VERSION_2, code,
    short_header,
};
use crate::fast;
use crate::limits::Limits;
use crate::protocol::writer::{Blobs, Depth, cut};
use crate::protocol::{MessageForm, MessageHead, Number, Output, Protocol, Written};
use crate::wire::WireType;

/// Appends values in the compact protocol to a buffer.
#[derive(Debug)]
pub struct CompactOutput<'v> {
    buffer: Vec<u8>,
    depth: Depth,
    blobs: Blobs<'v>,
}

impl CompactOutput<'_> {
    #[inline]
    pub(super) fn new(buffer: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
            blobs: Blobs::default(),
        }
    }

    #[inline(always)]
    fn varint(&mut self, value: u64) {
        varint::write(&[], value, &mut self.buffer);
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        fast::append_array(&mut self.buffer, &[byte]);
    }

    /// A field whose value is an integer, in one step where the header is one byte.
    #[inline(always)]
    fn varint_field(&mut self, last: i16, id: i16, code: u8, value: u64) {
        if let Some(header) = short_header(last, id, code) {
            varint::write(&[header], value, &mut self.buffer);
        } else {
            self.header(last, id, code);
            self.varint(value);
        }
    }

    #[inline(always)]
    fn counted(&mut self, bytes: &[u8]) {
        let bytes = cut(bytes);
        self.length(bytes.len());
        fast::append(&mut self.buffer, bytes);
    }

    #[inline(always)]
    fn length(&mut self, length: usize) {
        let length = length.min(i32::MAX as usize) as u64;
        varint::write_small(&[], length, &mut self.buffer);
    }

    #[inline(always)]
    fn header(&mut self, last: i16, id: i16, code: u8) {
        if let Some(header) = short_header(last, id, code) {
            self.byte(header);
        } else {
            self.byte(code);
            self.i16(id);
        }
    }
}

impl<'v> Output<'v> for CompactOutput<'v> {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        let is_version_2 = head.form == MessageForm::Compact2;
        let version = if is_version_2 { VERSION_2 } else { VERSION_1 };
        let version = head.kind.byte() << KIND_SHIFT | version;
        fast::append_array(&mut self.buffer, &[PROTOCOL_ID, version]);
        self.varint(head.sequence_id.cast_unsigned().into());
        self.counted(head.name.as_bytes());
        if is_version_2 {
            self.blobs.rework_from(self.buffer.len());
        }
    }

    fn message_end(&mut self) {}

    #[inline(always)]
    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.depth.enter()
    }

    #[inline(always)]
    fn struct_end(&mut self) {
        self.depth.leave();
        self.byte(STOP);
    }

    #[inline(always)]
    fn field(&mut self, last: i16, id: i16, ty: WireType, _: &'static str) {
        self.header(last, id, code(ty));
    }

    #[inline(always)]
    fn bool_field(&mut self, last: i16, id: i16, _: &'static str, value: bool) {
        // Added, since a branch on data would often be guessed wrong.
        self.header(last, id, FALSE - u8::from(value));
    }

    #[inline(always)]
    fn i16_field(&mut self, last: i16, id: i16, _: &'static str, value: i16) {
        self.varint_field(last, id, code(WireType::I16), zigzag(value.into()));
    }

    #[inline(always)]
    fn i32_field(&mut self, last: i16, id: i16, _: &'static str, value: i32) {
        self.varint_field(last, id, code(WireType::I32), zigzag(value.into()));
    }

    #[inline(always)]
    fn i64_field(&mut self, last: i16, id: i16, _: &'static str, value: i64) {
        self.varint_field(last, id, code(WireType::I64), zigzag(value));
    }

    #[inline(always)]
    fn double_field(&mut self, last: i16, id: i16, name: &'static str, value: f64) {
        let code = code(WireType::Double);
        if let Some(header) = short_header(last, id, code) {
            fast::append_start(&mut self.buffer, &[header], &value.to_le_bytes(), 8);
        } else {
            self.field(last, id, WireType::Double, name);
            self.double(value);
        }
    }

    #[inline(always)]
    fn string_field(&mut self, last: i16, id: i16, _: &'static str, value: &str) {
        let bytes = cut(value.as_bytes());
        if let Some(header) = short_header(last, id, code(WireType::String)) {
            varint::write_small(&[header], bytes.len() as u64, &mut self.buffer);
        } else {
            self.header(last, id, code(WireType::String));
            self.length(bytes.len());
        }
        fast::append(&mut self.buffer, bytes);
    }

    #[inline(always)]
    fn bool(&mut self, value: bool) {
        self.byte(FALSE - u8::from(value));
    }

    #[inline(always)]
    fn i8(&mut self, value: i8) {
        self.byte(value.cast_unsigned());
    }

    #[inline(always)]
    fn i16(&mut self, value: i16) {
        self.varint(zigzag(value.into()));
    }

    #[inline(always)]
    fn i32(&mut self, value: i32) {
        self.varint(zigzag(value.into()));
    }

    #[inline(always)]
    fn i64(&mut self, value: i64) {
        self.varint(zigzag(value));
    }

    #[inline(always)]
    fn double(&mut self, value: f64) {
        fast::append_array(&mut self.buffer, &value.to_le_bytes());
    }

    #[inline(always)]
    fn uuid(&mut self, value: Uuid) {
        fast::append_array(&mut self.buffer, value.as_bytes());
    }

    #[inline]
    fn string(&mut self, value: &str) {
        self.counted(value.as_bytes());
    }

    #[inline]
    fn binary(&mut self, value: &[u8]) {
        self.counted(value);
    }

    #[inline]
    fn blob(&mut self, value: &'v [u8]) {
        let value = cut(value);
        self.length(value.len());
        self.blobs.append(&mut self.buffer, value);
    }

    #[inline]
    fn list_begin(&mut self, element: WireType, len: usize) -> bool {
        let entered = self.depth.enter();
        if entered {
            match u8::try_from(len) {
                Ok(short) if len < LONG_LIST => self.byte(short << 4 | code(element)),
                _ => {
                    self.byte(0xf0 | code(element));
                    self.length(len);
                }
            }
        }
        entered
    }

    fn numbers<T: Number>(&mut self, values: &[T]) {
        if matches!(T::TYPE, WireType::I8 | WireType::Double) {
            fast::append_little_endian(&mut self.buffer, values);
        } else {
            for value in values {
                self.varint(zigzag(value.to_integer()));
            }
        }
    }

    #[inline(always)]
    fn list_end(&mut self) {
        self.depth.leave();
    }

    #[inline]
    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.length(len);
            if len > 0 {
                self.byte(code(key) << 4 | code(value));
            }
        }
        entered
    }

    #[inline(always)]
    fn map_end(&mut self) {
        self.depth.leave();
    }

    fn raw_value(&mut self, protocol: &'static str, ty: WireType, value: &[u8]) -> bool {
        let same = protocol == Compact::NAME;
        if same && self.depth.fits::<Compact>(ty, value) {
            fast::append(&mut self.buffer, value);
        }
        same
    }

    fn link_blobs(&mut self) {
        self.blobs.link();
    }

    fn finish(mut self) -> Written<'v> {
        if let Some(start) = self.blobs.rework() {
            turn(&mut self.buffer, start);
        }
        Written {
            bytes: self.buffer,
            blobs: self.blobs.finish(),
            result: self.depth.finish(),
        }
    }
}
