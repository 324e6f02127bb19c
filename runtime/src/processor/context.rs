//! What a handler may know about the call that it serves.

use std::fmt;

/// The circumstances of one call: who calls, and what.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    peer: Peer,
    service: &'static str,
    method: String,
}

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
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

impl CallContext {
    /// A context for calls from a peer.
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            ..Self::default()
        }
    }

    /// Who calls.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The service's name in the IDL.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The function's name in the IDL.
    pub fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn enter(&mut self, service: &'static str, method: &str) {
        self.service = service;
        self.method.clear();
        self.method.push_str(method);
    }
}
