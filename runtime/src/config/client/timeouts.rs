//! How long a client waits.

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;

/// How long a client waits, in milliseconds, from 1 to 86 400 000 (a day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientTimeouts {
    /// For a connection: to resolve the name of the host, and to connect to one of its addresses.
    /// Default 10 000, and never more than the call that needs it has left.
    pub connect_ms: u64,
    /// For a call, from its beginning to the last byte of its reply, connecting included if that is
    /// needed. Default 30 000. [`Client::with_timeout`](crate::Client::with_timeout) sets another for
    /// some calls.
    pub call_ms: u64,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            call_ms: 30_000,
        }
    }
}

impl ClientTimeouts {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut timeouts = Self::default();
        let range = || 1..=TIMEOUT_MS_MAX;
        section.number("connect_ms", range(), &mut timeouts.connect_ms)?;
        section.number("call_ms", range(), &mut timeouts.call_ms)?;
        section.finish()?;
        Ok(timeouts)
    }

    pub(super) fn check(self, origin: &Origin) -> Result<()> {
        origin.check_ms("client.timeouts.connect_ms", self.connect_ms)?;
        origin.check_ms("client.timeouts.call_ms", self.call_ms)
    }

    /// The same with another [`connect_ms`](Self::connect_ms).
    #[must_use]
    pub fn connect_ms(mut self, ms: u64) -> Self {
        self.connect_ms = ms;
        self
    }

    /// The same with another [`call_ms`](Self::call_ms).
    #[must_use]
    pub fn call_ms(mut self, ms: u64) -> Self {
        self.call_ms = ms;
        self
    }
}
