//! What a client tells of its connections.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::peer::Peer;

/// What has become of one of a client's connections.
///
/// Each connection has a number of its own. After `Connecting` comes either `Up`, or `Down` if it
/// cannot be made; after `Up` comes one `Down`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ConnectionEvent<'a> {
    /// It is about to be made.
    Connecting {
        /// Which one.
        connection: u64,
    },
    /// Calls can go over it.
    Up {
        /// Which one.
        connection: u64,
        /// The other end.
        peer: &'a Peer,
    },
    /// It could not be made, or has ended.
    Down {
        /// Which one.
        connection: u64,
        /// Why. Of the kind [`Cancelled`](crate::ErrorKind::Cancelled) where nothing was wrong and the client
        /// itself has let go of it: it was idle for too long, or too old.
        reason: &'a Error,
    },
}

/// Who wants to know of connections, if anybody does.
#[derive(Clone, Default)]
pub(crate) struct Listeners(pub(crate) Vec<Arc<Listener>>);

type Listener = dyn Fn(&ConnectionEvent<'_>) + Send + Sync;

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())
    }
}
