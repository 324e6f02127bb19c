//! The section `[server.shm]`.

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::{RING_BYTES, RING_BYTES_MAX, RING_BYTES_MIN};

const KEY: &str = "server.shm.ring_bytes";

/// How a server shares memory with its clients, at an address `shm:///path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerShm {
    /// How many bytes one direction of a connection holds: a power of two from 4096 to 1 073 741 824.
    /// Default 262 144. A connection takes twice as many and a page, as far as they are used.
    pub ring_bytes: usize,
}

impl Default for ServerShm {
    fn default() -> Self {
        Self {
            ring_bytes: RING_BYTES,
        }
    }
}

impl ServerShm {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut shm = Self::default();
        let bounds = RING_BYTES_MIN..=RING_BYTES_MAX;
        section.number("ring_bytes", bounds, &mut shm.ring_bytes)?;
        section.finish()?;
        Ok(shm)
    }

    /// The same with another number of [`ring_bytes`](Self::ring_bytes).
    #[must_use]
    pub fn ring_bytes(mut self, bytes: usize) -> Self {
        self.ring_bytes = bytes;
        self
    }

    pub(super) fn check(self, origin: &Origin) -> Result<()> {
        let bytes = self.ring_bytes;
        origin.check_number(KEY, RING_BYTES_MIN, RING_BYTES_MAX, bytes)?;
        if bytes.is_power_of_two() {
            return Ok(());
        }
        // At most the largest, which is a power of two.
        let more = bytes.next_power_of_two();
        let text = format!(
            "must be a power of two, not {bytes}; write {} or {more}",
            more / 2
        );
        Err(origin.error(KEY, text))
    }
}
