//! What the reader and the writer of a file are told.

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::FileFormat;

/// A day, in milliseconds.
pub(super) const MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// What the reader and the writer of a file must agree on, and how careful each of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOptions {
    /// What the file must be; one that is something else is refused. By default a file is what it
    /// looks like, and a new one becomes [`Apache`](FileFormat::Apache).
    pub format: Option<FileFormat>,
    /// Bytes of a chunk, from 8 to 2³⁰, with checksums from 64. Default 16 MiB. Of a file with
    /// checksums it is told once, when the file is made; of others the reader and every writer must
    /// be told the same.
    pub chunk_bytes: u32,
    /// Bytes of an event, without its size. By default what fits into a chunk. The writer refuses
    /// larger ones, and the reader passes over them.
    pub event_bytes_max: u32,
    /// The writer makes the system store the file when so many events are new. By default never for
    /// that reason.
    pub sync_events: u64,
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
            format: None,
            chunk_bytes: 16 * 1024 * 1024,
            event_bytes_max: u32::MAX,
            sync_events: u64::MAX,
            sync_bytes: 1_024_000,
            sync_ms: 3000,
            poll_ms: 500,
        }
    }
}

impl FileOptions {
    /// The same with a [`format`](Self::format).
    #[must_use]
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = Some(format);
        self
    }

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

    /// The same with another [`sync_events`](Self::sync_events).
    #[must_use]
    pub fn sync_events(mut self, events: u64) -> Self {
        self.sync_events = events;
        self
    }

    /// The same, storing each event before [`append`](super::FileWriter::append) returns.
    #[must_use]
    pub fn sync_every_event(self) -> Self {
        self.sync_events(1)
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

    pub(super) fn check(self) -> Result<Self> {
        let chunk_bytes_min = match self.format {
            Some(FileFormat::Checksummed) => 64,
            _ => 8,
        };
        for (name, value, min, max) in [
            (
                "chunk_bytes",
                self.chunk_bytes.into(),
                chunk_bytes_min,
                1 << 30,
            ),
            ("event_bytes_max", self.event_bytes_max.into(), 1, u64::MAX),
            ("sync_events", self.sync_events, 1, u64::MAX),
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
}
