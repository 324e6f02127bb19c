//! Writes the compact protocol.

use uuid::Uuid;

use super::varint::{self, zigzag};
use super::{FALSE, KIND_SHIFT, LONG_LIST, PROTOCOL_ID, STOP, TRUE, VERSION, code, short_header};
use crate::error::Result;
use crate::limits::Limits;
use crate::protocol::reader::Depth;
use crate::protocol::{MessageHead, Output};
use crate::wire::WireType;

/// Appends values in the compact protocol to a buffer.
#[derive(Debug)]
pub struct CompactOutput<'b> {
    buffer: &'b mut Vec<u8>,
    depth: Depth,
}

impl<'b> CompactOutput<'b> {
    #[inline]
    pub(super) fn new(buffer: &'b mut Vec<u8>, limits: &Limits) -> Self {
        Self {
            buffer,
            depth: Depth::new(limits),
        }
    }

    #[inline(always)]
    fn varint(&mut self, value: u64) {
        varint::write(value, self.buffer);
    }

    /// Cut off at what readers take for a length, as in the binary protocol.
    #[inline(always)]
    fn counted(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(i32::MAX as usize)];
        self.length(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    #[inline(always)]
    fn length(&mut self, length: usize) {
        self.varint(length.min(i32::MAX as usize) as u64);
    }

    #[inline(always)]
    fn header(&mut self, last: i16, id: i16, code: u8) {
        if let Some(header) = short_header(last, id, code) {
            self.buffer.push(header);
        } else {
            self.buffer.push(code);
            self.i16(id);
        }
    }
}

impl Output for CompactOutput<'_> {
    fn message_begin(&mut self, head: &MessageHead<'_>) {
        let version = head.kind.byte() << KIND_SHIFT | VERSION;
        self.buffer.extend_from_slice(&[PROTOCOL_ID, version]);
        self.varint(head.sequence_id.cast_unsigned().into());
        self.counted(head.name.as_bytes());
    }

    fn message_end(&mut self) {}

    #[inline(always)]
    fn struct_begin(&mut self, _: &'static str) -> bool {
        self.depth.enter()
    }

    #[inline(always)]
    fn struct_end(&mut self) {
        self.depth.leave();
        self.buffer.push(STOP);
    }

    #[inline(always)]
    fn field(&mut self, last: i16, id: i16, ty: WireType, _: &'static str) {
        self.header(last, id, code(ty));
    }

    #[inline(always)]
    fn bool_field(&mut self, last: i16, id: i16, _: &'static str, value: bool) {
        self.header(last, id, if value { TRUE } else { FALSE });
    }

    #[inline(always)]
    fn bool(&mut self, value: bool) {
        self.buffer.push(if value { TRUE } else { FALSE });
    }

    #[inline(always)]
    fn i8(&mut self, value: i8) {
        self.buffer.push(value.cast_unsigned());
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
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    #[inline(always)]
    fn uuid(&mut self, value: Uuid) {
        self.buffer.extend_from_slice(value.as_bytes());
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
            match u8::try_from(len) {
                Ok(short) if len < LONG_LIST => self.buffer.push(short << 4 | code(element)),
                _ => {
                    self.buffer.push(0xf0 | code(element));
                    self.length(len);
                }
            }
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
            self.length(len);
            if len > 0 {
                self.buffer.push(code(key) << 4 | code(value));
            }
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
