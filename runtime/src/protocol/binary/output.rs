//! Writes the binary protocol.

use uuid::Uuid;

use super::{Binary, STOP, VERSION_1};
use crate::fast;
use crate::limits::Limits;
use crate::protocol::writer::{Blobs, Depth, cut};
use crate::protocol::{MessageForm, MessageHead, Number, Output, Protocol, Written};
use crate::wire::WireType;

/// Appends values in the binary protocol to a buffer.
#[derive(Debug)]
pub struct BinaryOutput<'v> {
    buffer: Vec<u8>,
    depth: Depth,
    blobs: Blobs<'v>,
}

impl BinaryOutput<'_> {
    #[inline]
    pub(super) fn new(buffer: Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
            blobs: Blobs::default(),
        }
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        fast::append_array(&mut self.buffer, &bytes);
    }

    #[inline(always)]
    fn counted(&mut self, bytes: &[u8]) {
        let bytes = cut(bytes);
        self.length(bytes.len());
        fast::append(&mut self.buffer, bytes);
    }

    #[inline(always)]
    fn length(&mut self, length: usize) {
        self.i32(i32::try_from(length).unwrap_or(i32::MAX));
    }

    /// A field with its value, in one step.
    #[inline(always)]
    fn whole<const N: usize>(&mut self, id: i16, ty: WireType, value: [u8; N]) {
        let [high, low] = id.to_be_bytes();
        fast::append_start(&mut self.buffer, &[ty.byte(), high, low], &value, N);
    }

    /// A string or binary field.
    #[inline(always)]
    fn counted_field(&mut self, id: i16, bytes: &[u8]) {
        let bytes = cut(bytes);
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.whole(id, WireType::String, length.to_be_bytes());
        fast::append(&mut self.buffer, bytes);
    }
}

impl<'v> Output<'v> for BinaryOutput<'v> {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        match head.form {
            MessageForm::Strict | MessageForm::Compact2 => {
                self.put((VERSION_1 | u32::from(head.kind.byte())).to_be_bytes());
                self.counted(head.name.as_bytes());
            }
            MessageForm::Old => {
                self.counted(head.name.as_bytes());
                self.put([head.kind.byte()]);
            }
        }
        self.i32(head.sequence_id);
    }

    fn message_end(&mut self) {}

    #[inline(always)]
    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.depth.enter()
    }

    #[inline(always)]
    fn struct_end(&mut self) {
        self.depth.leave();
        self.put([STOP]);
    }

    #[inline(always)]
    fn field(&mut self, _: i16, id: i16, ty: WireType, _: &'static str) {
        let [high, low] = id.to_be_bytes();
        self.put([ty.byte(), high, low]);
    }

    #[inline(always)]
    fn bool_field(&mut self, _: i16, id: i16, _: &'static str, value: bool) {
        self.whole(id, WireType::Bool, [u8::from(value)]);
    }

    #[inline(always)]
    fn i8_field(&mut self, _: i16, id: i16, _: &'static str, value: i8) {
        self.whole(id, WireType::I8, value.to_be_bytes());
    }

    #[inline(always)]
    fn i16_field(&mut self, _: i16, id: i16, _: &'static str, value: i16) {
        self.whole(id, WireType::I16, value.to_be_bytes());
    }

    #[inline(always)]
    fn i32_field(&mut self, _: i16, id: i16, _: &'static str, value: i32) {
        self.whole(id, WireType::I32, value.to_be_bytes());
    }

    #[inline(always)]
    fn i64_field(&mut self, _: i16, id: i16, _: &'static str, value: i64) {
        self.whole(id, WireType::I64, value.to_be_bytes());
    }

    #[inline(always)]
    fn double_field(&mut self, _: i16, id: i16, _: &'static str, value: f64) {
        self.whole(id, WireType::Double, value.to_be_bytes());
    }

    #[inline(always)]
    fn uuid_field(&mut self, _: i16, id: i16, _: &'static str, value: Uuid) {
        self.whole(id, WireType::Uuid, *value.as_bytes());
    }

    #[inline(always)]
    fn string_field(&mut self, _: i16, id: i16, _: &'static str, value: &str) {
        self.counted_field(id, value.as_bytes());
    }

    #[inline(always)]
    fn bool(&mut self, value: bool) {
        self.put([u8::from(value)]);
    }

    #[inline(always)]
    fn i8(&mut self, value: i8) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn i16(&mut self, value: i16) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn i32(&mut self, value: i32) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn i64(&mut self, value: i64) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn double(&mut self, value: f64) {
        self.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn uuid(&mut self, value: Uuid) {
        self.put(*value.as_bytes());
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
            self.put([element.byte()]);
            self.length(len);
        }
        entered
    }

    fn numbers<T: Number>(&mut self, values: &[T]) {
        fast::append_big_endian(&mut self.buffer, values);
    }

    #[inline(always)]
    fn list_end(&mut self) {
        self.depth.leave();
    }

    #[inline]
    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.put([key.byte(), value.byte()]);
            self.length(len);
        }
        entered
    }

    #[inline(always)]
    fn map_end(&mut self) {
        self.depth.leave();
    }

    fn raw_value(&mut self, protocol: &'static str, ty: WireType, value: &[u8]) -> bool {
        let same = protocol == Binary::NAME;
        if same && self.depth.fits::<Binary>(ty, value) {
            fast::append(&mut self.buffer, value);
        }
        same
    }

    fn link_blobs(&mut self) {
        self.blobs.link();
    }

    fn finish(self) -> Written<'v> {
        Written {
            bytes: self.buffer,
            blobs: self.blobs.finish(),
            result: self.depth.finish(),
        }
    }
}
