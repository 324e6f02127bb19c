//! Who is at the other end of a connection.

#[cfg(feature = "tls")]
mod tls;
mod user;

#[cfg(feature = "tls")]
pub use tls::{TlsPeer, TlsVersion};
pub use user::User;

use std::fmt;
use std::sync::Arc;

/// The other end of a connection, for logs and for rules by address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// In this process, or replayed from a file.
    #[default]
    Local,
    /// Over TCP.
    Tcp(std::net::SocketAddr),
    /// By UDP datagrams. Whoever sends one can write any address into it.
    Udp(std::net::SocketAddr),
    /// Over a Unix socket, which has no address of its own.
    Unix,
    /// Over shared memory, which is a process of this machine.
    Shm,
    /// Over pipes: the process that has started this one, or one that this has started.
    Process,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Tcp(address) | Self::Udp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
            Self::Shm => f.write_str("shm"),
            Self::Process => f.write_str("process"),
        }
    }
}

/// What both ends have agreed on before the first message says of the peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<TlsPeer>>,
    pub(crate) user: Option<Arc<User>>,
}

impl Identity {
    /// Whether it says something.
    pub(crate) fn is_known(&self) -> bool {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return true;
        }
        self.user.is_some()
    }
}
