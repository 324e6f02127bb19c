//! Writes the binary protocol.

use uuid::Uuid;

use super::{STOP, VERSION_1};
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::reader::Depth;
use crate::protocol::{MessageForm, MessageHead, Output};
use crate::wire::WireType;

/// Appends values in the binary protocol to a buffer.
#[derive(Debug)]
pub struct BinaryOutput<'b> {
    buffer: &'b mut Vec<u8>,
    depth: Depth,
}

impl<'b> BinaryOutput<'b> {
    #[inline]
    pub(super) fn new(buffer: &'b mut Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
        }
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// A length in memory fits into an `i32`, or the limits refuse the message: a message of 2 GiB
    /// could not be framed. What is longer is cut off at what the prefix can say.
    #[inline(always)]
    fn counted(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(i32::MAX as usize)];
        self.length(bytes.len());
        self.put(bytes);
    }

    #[inline(always)]
    fn length(&mut self, length: usize) {
        self.i32(i32::try_from(length).unwrap_or(i32::MAX));
    }
}

impl Output for BinaryOutput<'_> {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        match head.form {
            MessageForm::Strict => {
                self.put(&(VERSION_1 | u32::from(head.kind.byte())).to_be_bytes());
                self.counted(head.name.as_bytes());
            }
            MessageForm::Old => {
                self.counted(head.name.as_bytes());
                self.put(&[head.kind.byte()]);
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
        self.put(&[STOP]);
    }

    #[inline(always)]
    fn field(&mut self, _: i16, id: i16, ty: WireType, _: &'static str) {
        let [high, low] = id.to_be_bytes();
        self.put(&[ty.byte(), high, low]);
    }

    #[inline(always)]
    fn bool_field(&mut self, _: i16, id: i16, _: &'static str, value: bool) {
        let [high, low] = id.to_be_bytes();
        self.put(&[WireType::Bool.byte(), high, low, u8::from(value)]);
    }

    #[inline(always)]
    fn bool(&mut self, value: bool) {
        self.put(&[u8::from(value)]);
    }

    #[inline(always)]
    fn i8(&mut self, value: i8) {
        self.put(&value.to_be_bytes());
    }

    #[inline(always)]
    fn i16(&mut self, value: i16) {
        self.put(&value.to_be_bytes());
    }

    #[inline(always)]
    fn i32(&mut self, value: i32) {
        self.put(&value.to_be_bytes());
    }

    #[inline(always)]
    fn i64(&mut self, value: i64) {
        self.put(&value.to_be_bytes());
    }

    #[inline(always)]
    fn double(&mut self, value: f64) {
        self.put(&value.to_be_bytes());
    }

    #[inline(always)]
    fn uuid(&mut self, value: Uuid) {
        self.put(value.as_bytes());
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
    fn list_begin(&mut self, element: WireType, len: usize) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.put(&[element.byte()]);
            self.length(len);
        }
        entered
    }

    #[inline(always)]
    fn list_end(&mut self) {
        self.depth.leave();
    }

    #[inline]
    fn map_begin(&mut self, key: WireType, value: WireType, len: usize) -> bool {
        let entered = self.depth.enter();
        if entered {
            self.put(&[key.byte(), value.byte()]);
            self.length(len);
        }
        entered
    }

    #[inline(always)]
    fn map_end(&mut self) {
        self.depth.leave();
    }

    fn finish(&mut self) -> Result<()> {
        self.depth.finish()
    }
}
