//! Files of messages, in the format of Apache Thrift's `TFileTransport`.
//!
//! ```text
//! ├──────────── chunk ────────────┼──────────── chunk ────────────┼──
//! │ size event size event … zeros │ size event …                  │
//! ```
//!
//! A file is cut into chunks of equal size, 16 MiB by default; nothing in the file says what size.
//! An event is its size, 4 bytes little-endian, and that many bytes. No event crosses the border of
//! a chunk: what is left before the border is filled with zeros, so a size of 0 means padding. A
//! reader that meets nonsense goes on at the next border.
//!
//! There are no checksums: bytes that were changed inside an event are not noticed here.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::{FileReader, ReadMode, Skipped, Stop};
pub use writer::FileWriter;

use crate::error::{Error, ErrorKind, Result};

/// Bytes of an event's size.
const SIZE: u32 = 4;

/// A day, in milliseconds.
const MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// What the reader and the writer of a file must agree on, and how careful each of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOptions {
    /// Bytes of a chunk, from 8 to 2³⁰. Default 16 MiB. Reader and writer must use the same.
    pub chunk_bytes: u32,
    /// Bytes of an event, without its size. By default what fits into a chunk. The writer refuses
    /// larger ones; to the reader they are nonsense.
    pub event_bytes_max: u32,
    /// The writer makes the system store the file when so many bytes are new. Default 1 024 000.
    pub sync_bytes: u64,
    /// The writer makes the system store the file when the first new byte is so old, in
    /// milliseconds, at most a day. Default 3000.
    pub sync_ms: u64,
    /// How often a tailing reader looks for more, in milliseconds, at most a day. Default 500.
    pub poll_ms: u64,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            chunk_bytes: 16 * 1024 * 1024,
            event_bytes_max: u32::MAX,
            sync_bytes: 1_024_000,
            sync_ms: 3000,
            poll_ms: 500,
        }
    }
}

impl FileOptions {
    /// The same with another [`chunk_bytes`](Self::chunk_bytes).
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: u32) -> Self {
        self.chunk_bytes = bytes;
        self
    }

    /// The same with another [`event_bytes_max`](Self::event_bytes_max).
    #[must_use]
    pub fn event_bytes_max(mut self, bytes: u32) -> Self {
        self.event_bytes_max = bytes;
        self
    }

    /// The same with another [`sync_bytes`](Self::sync_bytes).
    #[must_use]
    pub fn sync_bytes(mut self, bytes: u64) -> Self {
        self.sync_bytes = bytes;
        self
    }

    /// The same with another [`sync_ms`](Self::sync_ms).
    #[must_use]
    pub fn sync_ms(mut self, ms: u64) -> Self {
        self.sync_ms = ms;
        self
    }

    /// The same with another [`poll_ms`](Self::poll_ms).
    #[must_use]
    pub fn poll_ms(mut self, ms: u64) -> Self {
        self.poll_ms = ms;
        self
    }

    fn check(self) -> Result<Self> {
        for (name, value, min, max) in [
            ("chunk_bytes", self.chunk_bytes.into(), 8, 1 << 30),
            ("event_bytes_max", self.event_bytes_max.into(), 1, u64::MAX),
            ("sync_ms", self.sync_ms, 1, MS_MAX),
            ("poll_ms", self.poll_ms, 1, MS_MAX),
        ] {
            if !(min..=max).contains(&value) {
                let text = format!("{name} must be a number from {min} to {max}, not {value}");
                return Err(Error::new(ErrorKind::Config, text));
            }
        }
        Ok(self)
    }

    /// The largest event that can be.
    fn event_max(self) -> u32 {
        self.event_bytes_max.min(self.chunk_bytes - SIZE)
    }

    /// Where the chunk after this offset starts.
    fn border(self, offset: u64) -> u64 {
        let chunk = u64::from(self.chunk_bytes);
        (offset / chunk + 1) * chunk
    }
}

/// What stands at an offset of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// An event of so many bytes, after its size.
    Event(u32),
    /// Four bytes of padding.
    Padding,
    /// A size that no event can have here.
    Nonsense,
}

impl FileOptions {
    /// Judges a size that stands at an offset.
    fn judge(self, offset: u64, size: u32) -> Place {
        if size == 0 {
            return Place::Padding;
        }
        let end = offset + u64::from(SIZE) + u64::from(size);
        if size <= self.event_max() && end <= self.border(offset) {
            Place::Event(size)
        } else {
            Place::Nonsense
        }
    }
}
