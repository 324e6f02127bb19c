//! A cursor over one message.

use std::str;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// Reads from a slice, counts depth, and says in its errors what was being read.
#[derive(Clone, Debug)]
pub(super) struct Reader<'de> {
    message: &'de [u8],
    offset: usize,
    depth_left: u32,
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

    /// Passes over bytes that were looked at in [`rest`](Self::rest).
    #[inline(always)]
    pub(super) fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.remaining());
        self.offset += count;
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
        if count > self.string_bytes_max {
            return Err(self.over("string_bytes_max", self.string_bytes_max, count));
        }
        self.take(count, "a string")
    }

    /// Checks that bytes just read are UTF-8.
    #[inline]
    pub(super) fn utf8(&self, bytes: &'de [u8]) -> Result<&'de str> {
        str::from_utf8(bytes).map_err(|error| {
            let start = self.offset - bytes.len();
            self.error(ErrorKind::Malformed, "a string is not UTF-8")
                .at(start + error.valid_up_to())
                .with_source(error)
        })
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

    #[cold]
    #[inline(never)]
    fn truncated(&self, what: &'static str) -> Error {
        let text = format!("the message ends inside {what}");
        Error::new(ErrorKind::Truncated, text).at(self.message.len())
    }

    #[cold]
    #[inline(never)]
    fn over(&self, limit: &'static str, max: usize, found: usize) -> Error {
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
