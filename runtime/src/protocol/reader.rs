//! A cursor over one message.

use std::str;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::wire::MessageKind;

/// Reads from a slice, counts depth, and says in its errors what was being read.
#[derive(Clone, Debug)]
pub(super) struct Reader<'de> {
    message: &'de [u8],
    offset: usize,
    depth_left: u32,
    message_bytes_max: usize,
    string_bytes_max: usize,
    container_elements_max: usize,
}

impl<'de> Reader<'de> {
    #[inline]
    pub(super) fn new(message: &'de [u8], offset: usize, limits: &Limits) -> Self {
        Self {
            message,
            offset: offset.min(message.len()),
            depth_left: limits.depth_max,
            message_bytes_max: limits.message_bytes_max,
            string_bytes_max: limits.string_bytes_max,
            container_elements_max: limits.container_elements_max,
        }
    }

    #[inline(always)]
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The bytes not yet read.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'de [u8] {
        &self.message[self.offset..]
    }

    #[inline(always)]
    pub(super) fn remaining(&self) -> usize {
        self.message.len() - self.offset
    }

    /// The bytes read since an offset.
    pub(super) fn since(&self, start: usize) -> &'de [u8] {
        &self.message[start..self.offset]
    }

    /// The byte read last, or the one before the offset that reading started at.
    #[inline(always)]
    pub(super) fn previous(&self) -> Option<u8> {
        self.message[..self.offset].last().copied()
    }

    /// The limit `string_bytes_max`.
    #[inline(always)]
    pub(super) fn string_bytes_max(&self) -> usize {
        self.string_bytes_max
    }

    /// Checks the length of a string or binary.
    #[inline(always)]
    pub(super) fn check_string(&self, bytes: usize) -> Result<()> {
        if bytes > self.string_bytes_max {
            return Err(self.over("string_bytes_max", self.string_bytes_max, bytes));
        }
        Ok(())
    }

    /// Passes over bytes that were looked at in [`rest`](Self::rest).
    #[inline(always)]
    pub(super) fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.remaining());
        self.offset += count;
    }

    /// Refuses a message that is too long. Whoever cut it out of a stream has checked already; a
    /// message from elsewhere is checked here.
    pub(super) fn check_message(&self) -> Result<()> {
        let found = self.message.len();
        if found > self.message_bytes_max {
            return Err(self.over("message_bytes_max", self.message_bytes_max, found));
        }
        Ok(())
    }

    /// Checks that nothing follows the message.
    pub(super) fn end(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            _ => Err(self.error(ErrorKind::Malformed, "bytes follow the end of a message")),
        }
    }

    /// The kind of message with a number.
    pub(super) fn kind(&self, byte: u8) -> Result<MessageKind> {
        MessageKind::from_byte(byte).ok_or_else(|| {
            let text = "a message is no call, reply or exception";
            self.error(ErrorKind::Malformed, text)
        })
    }

    /// Reads a fixed number of bytes.
    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        match self.rest().first_chunk::<N>() {
            Some(bytes) => {
                self.offset += N;
                Ok(*bytes)
            }
            None => Err(self.truncated(what)),
        }
    }

    /// Reads one byte.
    #[inline(always)]
    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// Reads a number of bytes that was checked against nothing yet.
    #[inline]
    pub(super) fn take(&mut self, count: usize, what: &'static str) -> Result<&'de [u8]> {
        match self.rest().get(..count) {
            Some(bytes) => {
                self.offset += count;
                Ok(bytes)
            }
            None => Err(self.truncated(what)),
        }
    }

    /// Reads a string or binary of a declared length.
    #[inline]
    pub(super) fn counted(&mut self, count: usize) -> Result<&'de [u8]> {
        self.check_string(count)?;
        self.take(count, "a string")
    }

    /// Checks that bytes just read are UTF-8.
    #[inline]
    pub(super) fn utf8(&self, bytes: &'de [u8]) -> Result<&'de str> {
        str::from_utf8(bytes).map_err(|error| self.not_utf8(self.offset - bytes.len(), error))
    }

    /// Checks a declared count of elements, each at least so many bytes long.
    #[inline]
    pub(super) fn count(&self, count: usize, bytes_each_min: usize) -> Result<usize> {
        if count > self.container_elements_max {
            return Err(self.over("container_elements_max", self.container_elements_max, count));
        }
        if count > self.remaining() / bytes_each_min.max(1) {
            let text = "a container declares more elements than the message has bytes for";
            return Err(self.error(ErrorKind::Truncated, text));
        }
        Ok(count)
    }

    /// Goes one level deeper.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> Result<()> {
        match self.depth_left.checked_sub(1) {
            Some(left) => {
                self.depth_left = left;
                Ok(())
            }
            None => Err(self.too_deep()),
        }
    }

    /// Comes one level up.
    #[inline(always)]
    pub(super) fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// An error at this place.
    #[cold]
    #[inline(never)]
    pub(super) fn error(&self, kind: ErrorKind, message: &'static str) -> Error {
        Error::new(kind, message).at(self.offset)
    }

    /// The error for text that starts at an offset and is not UTF-8.
    #[cold]
    #[inline(never)]
    pub(super) fn not_utf8(&self, start: usize, error: str::Utf8Error) -> Error {
        self.error(ErrorKind::Malformed, "a string is not UTF-8")
            .at(start + error.valid_up_to())
            .with_source(error)
    }

    /// The error for a length or count below zero.
    #[cold]
    #[inline(never)]
    pub(super) fn negative(&self) -> Error {
        self.error(ErrorKind::Malformed, "a length or count is negative")
    }

    /// The error for a type that Thrift does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn unknown_type(&self) -> Error {
        self.error(
            ErrorKind::Malformed,
            "the type of a value is none of Thrift's types",
        )
    }

    /// The error for bytes that end inside something.
    #[cold]
    #[inline(never)]
    pub(super) fn truncated(&self, what: &'static str) -> Error {
        let text = format!("the message ends inside {what}");
        Error::new(ErrorKind::Truncated, text).at(self.message.len())
    }

    /// The error for something over a limit.
    #[cold]
    #[inline(never)]
    pub(super) fn over(&self, limit: &'static str, max: usize, found: usize) -> Error {
        Error::new(
            ErrorKind::Limit,
            format!("{found} is over the limit {limit} = {max}"),
        )
        .at(self.offset)
    }

    #[cold]
    #[inline(never)]
    fn too_deep(&self) -> Error {
        self.error(
            ErrorKind::Limit,
            "structs and containers nest deeper than the limit depth_max",
        )
    }
}

/// The depth of a writer, which cannot fail and so remembers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    left: u32,
    exceeded: bool,
}

impl Depth {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            left: limits.depth_max,
            exceeded: false,
        }
    }

    /// Goes one level deeper, or remembers that it could not.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> bool {
        let entered = self.left > 0;
        self.left -= u32::from(entered);
        self.exceeded |= !entered;
        entered
    }

    /// Comes one level up.
    #[inline(always)]
    pub(super) fn leave(&mut self) {
        self.left += 1;
    }

    /// [`Output::finish`](super::Output::finish).
    pub(super) fn finish(self) -> Result<()> {
        if self.exceeded {
            let text = "the value nests deeper than the limit depth_max";
            return Err(Error::new(ErrorKind::Limit, text));
        }
        Ok(())
    }
}
