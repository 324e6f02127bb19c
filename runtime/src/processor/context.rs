//! What a handler may know about the call that it serves.

pub use crate::peer::Peer;

/// The circumstances of one call: who calls, and what.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    peer: Peer,
    service: &'static str,
    method: String,
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
