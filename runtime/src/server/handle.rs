//! What stops a server, from any thread.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::server::ServerStats;
use crate::server::shared::Shared;
use crate::transport::Address;

/// How long calls are refused that wait for a worker, before everything is cut.
pub(super) const REFUSING_MAX: Duration = Duration::from_millis(100);

/// Watches and stops a [`Server`](crate::Server). Cheap to clone; does not keep the server running.
#[derive(Clone)]
pub struct ServerHandle {
    shared: Arc<Shared>,
    address: Address,
}

/// A handle of a server that may be gone.
pub(crate) struct WeakHandle(Weak<Shared>, Address);

impl WeakHandle {
    pub(crate) fn upgrade(&self) -> Option<ServerHandle> {
        Some(ServerHandle::new(self.0.upgrade()?, self.1.clone()))
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Connections that were still open at the deadline, and were cut; of a server of datagrams, calls.
    pub connections_cut: usize,
}

impl ShutdownReport {
    /// Whether every call finished and was answered.
    pub fn is_clean(self) -> bool {
        self.connections_cut == 0
    }
}

impl ServerHandle {
    pub(super) fn new(shared: Arc<Shared>, address: Address) -> Self {
        Self { shared, address }
    }

    /// The same without keeping what the server has: its processor may well hold it.
    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.shared), self.address.clone())
    }

    /// Where the server listens.
    pub fn local_addr(&self) -> &Address {
        &self.address
    }

    /// Shuts the server down, and returns when it has ended, at the latest after this time.
    ///
    /// It takes no more connections and closes those that wait for their next message. Calls that
    /// have begun to arrive are finished and answered. In the last quarter of the time, and at most
    /// 100 ms of it, calls that still wait for a worker are answered with an application exception,
    /// code [`OVERLOADED`](crate::ApplicationCode::OVERLOADED), so that their callers know that they
    /// were not run. What is still open in the end is cut; a handler that does not return keeps its
    /// thread, but no longer its connection.
    ///
    /// More than one thread may call it, and calling it again is harmless. A handler that calls it
    /// waits for itself: it had better use another thread.
    pub fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        self.shared.drain();
        let refusing = REFUSING_MAX.min(deadline / 4);
        if self.shared.wait_for(deadline.saturating_sub(refusing)) {
            return ShutdownReport { connections_cut: 0 };
        }
        self.shared.refuse_waiting();
        let connections_cut = if self.shared.wait_for(refusing) {
            0
        } else {
            self.shared.cut()
        };
        ShutdownReport { connections_cut }
    }

    /// Shuts the server down with the configured deadline, `drain_ms`.
    pub fn drain(&self) -> ShutdownReport {
        let drain_ms = self.shared.settings.timeouts.drain_ms;
        self.shutdown(Duration::from_millis(drain_ms))
    }

    /// Whether it was told to shut down, or has ended by itself.
    pub fn is_stopping(&self) -> bool {
        !self.shared.is_running()
    }

    /// How often things happened so far.
    pub fn stats(&self) -> ServerStats {
        self.shared.stats()
    }
}

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerHandle")
            .field("local_addr", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
