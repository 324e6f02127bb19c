//! How long a server waits.

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;

const BYTES_PER_SECOND_MAX: u64 = 1_000_000_000;

/// How long a server waits, in milliseconds, from 1 to 86 400 000 (a day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerTimeouts {
    /// For the next message of a connection. Default 600 000 (10 minutes).
    pub idle_ms: u64,
    /// For a new connection to agree on how to speak, where that has to be: TLS, and the request
    /// that a `WebSocket` begins with. Default 10 000.
    pub handshake_ms: u64,
    /// From the first byte of a message to its eighth, which tells what it is. Default 10 000.
    pub header_ms: u64,
    /// From the first byte of a message to its last. A big one may take as much again, and so on, as
    /// long as it moves at [`bytes_per_second_min`](Self::bytes_per_second_min). Default 10 000.
    pub read_ms: u64,
    /// For the peer to take a batch of replies; a big one as above. Default 30 000.
    pub write_ms: u64,
    /// How fast big messages and replies have to move, 1 to 1 000 000 000 bytes in a second. Default
    /// 1024.
    pub bytes_per_second_min: u64,
    /// From when a call has arrived to when it begins to run, whether it waits for a worker or behind
    /// others of its connection; later it is not run but answered as
    /// [`OVERLOADED`](crate::ApplicationCode::OVERLOADED). Default 10 000.
    pub queue_ms: u64,
    /// For calls to finish in [`ServerHandle::drain`](crate::server::ServerHandle::drain). Default
    /// 30 000.
    pub drain_ms: u64,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        Self {
            idle_ms: 600_000,
            handshake_ms: 10_000,
            header_ms: 10_000,
            read_ms: 10_000,
            write_ms: 30_000,
            bytes_per_second_min: 1024,
            queue_ms: 10_000,
            drain_ms: 30_000,
        }
    }
}

impl ServerTimeouts {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut timeouts = Self::default();
        for (key, ms) in timeouts.all_ms() {
            section.number(key, 1..=TIMEOUT_MS_MAX, ms)?;
        }
        section.number(
            "bytes_per_second_min",
            1..=BYTES_PER_SECOND_MAX,
            &mut timeouts.bytes_per_second_min,
        )?;
        section.finish()?;
        Ok(timeouts)
    }

    pub(super) fn check(mut self, origin: &Origin) -> Result<()> {
        let rate = self.bytes_per_second_min;
        let key = "server.timeouts.bytes_per_second_min";
        origin.check_number(key, 1, BYTES_PER_SECOND_MAX, rate)?;
        for (key, ms) in self.all_ms() {
            origin.check_ms(&format!("server.timeouts.{key}"), *ms)?;
        }
        let (header_ms, read_ms) = (self.header_ms, self.read_ms);
        let key = "server.timeouts.header_ms";
        if header_ms > read_ms && (header_ms != Self::default().header_ms || origin.has(key)) {
            let text = format!(
                "{header_ms} is more than read_ms = {read_ms}, which is for the whole message; write \
                 {read_ms} or less"
            );
            return Err(origin.error(key, text));
        }
        Ok(())
    }

    fn all_ms(&mut self) -> [(&'static str, &mut u64); 7] {
        // Named one by one, so that a new one cannot be forgotten here.
        let Self {
            idle_ms,
            handshake_ms,
            header_ms,
            read_ms,
            write_ms,
            queue_ms,
            drain_ms,
            bytes_per_second_min: _,
        } = self;
        [
            ("idle_ms", idle_ms),
            ("handshake_ms", handshake_ms),
            ("header_ms", header_ms),
            ("read_ms", read_ms),
            ("write_ms", write_ms),
            ("queue_ms", queue_ms),
            ("drain_ms", drain_ms),
        ]
    }

    /// The same with another [`idle_ms`](Self::idle_ms).
    #[must_use]
    pub fn idle_ms(mut self, ms: u64) -> Self {
        self.idle_ms = ms;
        self
    }

    /// The same with another [`handshake_ms`](Self::handshake_ms).
    #[must_use]
    pub fn handshake_ms(mut self, ms: u64) -> Self {
        self.handshake_ms = ms;
        self
    }

    /// The same with another [`header_ms`](Self::header_ms).
    #[must_use]
    pub fn header_ms(mut self, ms: u64) -> Self {
        self.header_ms = ms;
        self
    }

    /// The same with another [`read_ms`](Self::read_ms).
    #[must_use]
    pub fn read_ms(mut self, ms: u64) -> Self {
        self.read_ms = ms;
        self
    }

    /// The same with another [`write_ms`](Self::write_ms).
    #[must_use]
    pub fn write_ms(mut self, ms: u64) -> Self {
        self.write_ms = ms;
        self
    }

    /// The same with another [`bytes_per_second_min`](Self::bytes_per_second_min).
    #[must_use]
    pub fn bytes_per_second_min(mut self, bytes: u64) -> Self {
        self.bytes_per_second_min = bytes;
        self
    }

    /// The same with another [`queue_ms`](Self::queue_ms).
    #[must_use]
    pub fn queue_ms(mut self, ms: u64) -> Self {
        self.queue_ms = ms;
        self
    }

    /// The same with another [`drain_ms`](Self::drain_ms).
    #[must_use]
    pub fn drain_ms(mut self, ms: u64) -> Self {
        self.drain_ms = ms;
        self
    }
}
