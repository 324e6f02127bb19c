//! A cursor over one message.

use std::str;

use crate::error::{Error, ErrorKind, Result};
use crate::fast;
use crate::limits::Limits;
use crate::protocol::{MessageForm, Place, ROOM_BYTES_MAX};
use crate::wire::MessageKind;

/// Reads from a slice, counts depth, and says in its errors what was being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'de> {
    /// What is not yet read: always the end of `message`.
    rest: &'de [u8],
    message: &'de [u8],
    depth_left: u32,
    message_bytes_max: usize,
    string_bytes_max: usize,
    container_elements_max: usize,
    /// Bytes of memory that containers may still take before their elements were read.
    room_left: usize,
    /// Some container did not get all the room that it asked for.
    short_of_room: bool,
}

/// What each byte of a message adds to that budget. Structs may be larger in memory than on the wire
/// by more than that; containers of such then grow as their elements arrive.
const ROOM_PER_BYTE: usize = 4;

impl<'de> Reader<'de> {
    #[inline]
    pub(super) fn new(message: &'de [u8], offset: usize, limits: &Limits) -> Self {
        Self {
            rest: message.get(offset..).unwrap_or_default(),
            message,
            depth_left: limits.depth(),
            message_bytes_max: limits.message_bytes_max,
            string_bytes_max: limits.string_bytes_max,
            container_elements_max: limits.container_elements_max,
            room_left: ROOM_BYTES_MAX + message.len().saturating_mul(ROOM_PER_BYTE),
            short_of_room: false,
        }
    }

    /// For how many elements of a size to make room: [`Input::room`](super::Input::room).
    #[inline]
    pub(super) fn room(&mut self, len: usize, size: usize) -> usize {
        let size = size.max(1);
        let granted = len.min(self.room_left / size);
        self.room_left -= granted * size;
        self.short_of_room |= granted < len;
        granted
    }

    /// Whether every container got what it asked for.
    #[inline]
    pub(super) fn had_room(&self) -> bool {
        !self.short_of_room
    }

    #[inline]
    pub(super) fn place(&self) -> Place<'de> {
        let limits = Limits::default()
            .message_bytes_max(self.message_bytes_max)
            .string_bytes_max(self.string_bytes_max)
            .container_elements_max(self.container_elements_max)
            .depth_max(self.depth_left);
        Place {
            message: self.message,
            offset: self.offset(),
            limits,
            form: MessageForm::Strict,
        }
    }

    #[inline(always)]
    pub(super) fn offset(&self) -> usize {
        self.message.len() - self.rest.len()
    }

    /// The bytes not yet read.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    #[inline(always)]
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The bytes read since an offset.
    pub(super) fn since(&self, start: usize) -> &'de [u8] {
        &self.message[start..self.offset()]
    }

    /// The byte read last, or the one before the offset that reading started at.
    #[inline(always)]
    pub(super) fn previous(&self) -> Option<u8> {
        self.message[..self.offset()].last().copied()
    }

    /// The limit `string_bytes_max`.
    #[inline(always)]
    pub(super) fn string_bytes_max(&self) -> usize {
        self.string_bytes_max
    }

    /// The limit `container_elements_max`.
    #[inline(always)]
    pub(super) fn container_elements_max(&self) -> usize {
        self.container_elements_max
    }

    /// How many more levels of structs and containers there may be.
    #[inline(always)]
    pub(super) fn depth_left(&self) -> u32 {
        self.depth_left
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
        self.rest = self.rest.get(count..).unwrap_or_default();
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
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
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
        match self.rest.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.rest = rest;
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
        fast::utf8(bytes).map_err(|error| not_utf8(self.offset() - bytes.len(), error))
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
    #[inline(always)]
    pub(super) fn error(&self, kind: ErrorKind, message: &'static str) -> Error {
        failed(self.offset(), kind, message)
    }

    /// The error for a length or count below zero.
    #[inline(always)]
    pub(super) fn negative(&self) -> Error {
        self.error(ErrorKind::Malformed, "a length or count is negative")
    }

    /// The error for a type that Thrift does not have.
    #[inline(always)]
    pub(super) fn unknown_type(&self) -> Error {
        let text = "the type of a value is none of Thrift's types";
        self.error(ErrorKind::Malformed, text)
    }

    /// The error for bytes that end inside something.
    #[inline(always)]
    pub(super) fn truncated(&self, what: &'static str) -> Error {
        truncated(self.message.len(), what)
    }

    /// The error for something over a limit.
    #[inline(always)]
    pub(super) fn over(&self, limit: &'static str, max: usize, found: usize) -> Error {
        over(self.offset(), limit, max, found)
    }

    #[inline(always)]
    fn too_deep(&self) -> Error {
        let text = "structs and containers nest deeper than the limit depth_max";
        self.error(ErrorKind::Limit, text)
    }
}

// Errors are made out of line and from plain numbers, so that they take little code where they arise.

#[cold]
#[inline(never)]
fn failed(offset: usize, kind: ErrorKind, message: &'static str) -> Error {
    Error::new(kind, message).at(offset)
}

/// The error for text that starts at an offset and is not UTF-8.
#[cold]
#[inline(never)]
pub(super) fn not_utf8(start: usize, error: str::Utf8Error) -> Error {
    Error::new(ErrorKind::Malformed, "a string is not UTF-8")
        .at(start + error.valid_up_to())
        .with_source(error)
}

#[cold]
#[inline(never)]
fn truncated(end: usize, what: &'static str) -> Error {
    let text = format!("the message ends inside {what}");
    Error::new(ErrorKind::Truncated, text).at(end)
}

#[cold]
#[inline(never)]
fn over(offset: usize, limit: &'static str, max: usize, found: usize) -> Error {
    let text = format!("{found} is over the limit {limit} = {max}");
    Error::new(ErrorKind::Limit, text).at(offset)
}
