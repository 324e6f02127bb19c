//! Who is at the other end of a connection.

#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "tls")]
pub use tls::{TlsPeer, TlsVersion};

use std::fmt;

/// The other end of a connection, for logs and for rules by address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// In this process, or replayed from a file.
    #[default]
    Local,
    /// Over TCP.
    Tcp(std::net::SocketAddr),
    /// Over a Unix socket, which has no address of its own.
    Unix,
    /// Over pipes: the process that has started this one, or one that this has started.
    Process,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
            Self::Process => f.write_str("process"),
        }
    }
}
