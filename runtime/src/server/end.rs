//! Why a connection ends, and what is still done for it when the server shuts down.

use std::io;
use std::mem;

use crate::config::ServerTimeouts;
use crate::error::{Error, ErrorKind};
use crate::peer::Peer;
use crate::server::counters::Counters;
use crate::server::events;
use crate::server::pace::HEADER_BYTES;
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;

/// Why a connection ends.
pub(super) enum End {
    /// The peer closed it between two messages.
    Closed,
    /// The server is shutting down.
    Shutdown,
    Failed(Error),
}

impl End {
    #[cold]
    pub(super) fn truncated(missing: usize) -> Self {
        let text = format!("the connection ended {missing} bytes before a message does");
        Self::Failed(Error::new(ErrorKind::Truncated, text))
    }

    /// A stream that cannot be read any more. Between two messages, one that ends without the goodbye it
    /// should end with has lost nothing, unless its layer has the beginning of something.
    #[cold]
    pub(super) fn unreadable(
        shared: &Shared,
        handshaking: bool,
        between: bool,
        error: io::Error,
    ) -> Self {
        let ended = error.kind() == io::ErrorKind::UnexpectedEof;
        let error = Error::from(error);
        if between && ended && error.kind() != ErrorKind::Truncated {
            return Self::Closed;
        }
        if handshaking && crate::transport::is_foreign(&error) {
            Counters::add(&shared.counters.foreign);
        }
        Self::Failed(error)
    }

    /// Whether a read has failed by what a layer found in the bytes, and not by the connection: then what came
    /// before can still be answered.
    #[cold]
    pub(super) fn is_of_layer(error: &io::Error) -> bool {
        matches!(error.get_ref(), Some(inner) if inner.is::<Error>())
    }

    #[cold]
    pub(super) fn no_handshake(timeouts: &ServerTimeouts) -> Self {
        let text = format!(
            "no handshake within handshake_ms = {}",
            timeouts.handshake_ms
        );
        Self::Failed(Error::new(ErrorKind::Timeout, text))
    }

    /// `arrived` bytes of a message are there.
    #[cold]
    pub(super) fn no_message(timeouts: &ServerTimeouts, arrived: usize) -> Self {
        let ServerTimeouts {
            idle_ms,
            header_ms,
            read_ms,
            bytes_per_second_min: rate,
            ..
        } = timeouts;
        let text = match arrived {
            0 => format!("no message within idle_ms = {idle_ms}"),
            1..HEADER_BYTES if header_ms < read_ms => {
                format!("no beginning of a message within header_ms = {header_ms}")
            }
            _ => format!(
                "no whole message within read_ms = {read_ms}, nor {rate} bytes a second of one"
            ),
        };
        Self::Failed(Error::new(ErrorKind::Timeout, text))
    }

    #[cold]
    pub(super) fn refused(why: Refusal) -> Self {
        Self::Failed(Error::new(ErrorKind::Overloaded, why.text()))
    }

    #[cold]
    pub(super) fn replies_not_taken(timeouts: &ServerTimeouts) -> Self {
        let write_ms = timeouts.write_ms;
        let text = format!("the peer did not take its replies within write_ms = {write_ms}");
        Self::Failed(Error::new(ErrorKind::Timeout, text))
    }

    /// Counts it, and tells the log.
    pub(super) fn report(self, shared: &Shared, peer: &Peer) {
        match self {
            // Whatever it was in the middle of.
            Self::Failed(_) | Self::Closed if shared.is_cut() => {
                Self::Shutdown.report(shared, peer);
            }
            Self::Closed => events::closed(peer, "the peer closed it"),
            Self::Shutdown => events::closed(peer, "the server is shutting down"),
            Self::Failed(error) => {
                shared.counters.failed(error.kind());
                shared.events.failed(peer, &error);
            }
        }
    }
}

/// How a connection ends in a shutdown: what has arrived when its call is answered is still answered,
/// what has arrived when that is done is refused, and then it ends. The peer might go on for ever.
#[derive(Default)]
pub(super) struct Last {
    reads: u8,
    /// What is read next begins something new, though perhaps not with its first byte.
    answered: bool,
}

impl Last {
    const REFUSED: u8 = 2;

    /// Notes that messages were answered.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// Whether another read may follow, between two messages or in one.
    pub(super) fn may_read(&mut self, between: bool) -> bool {
        if !mem::take(&mut self.answered) && !between {
            return true;
        }
        self.reads += 1;
        self.reads <= Self::REFUSED
    }

    /// Whether something was read that began in the shutdown.
    pub(super) fn has_read(&self) -> bool {
        self.reads > 0
    }

    /// Why what was read is not run, if it is not.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        (self.reads >= Self::REFUSED).then_some(Refusal::ShuttingDown)
    }
}
