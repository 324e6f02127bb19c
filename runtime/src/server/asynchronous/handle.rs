//! What stops an async server, from any task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::until;
use crate::server::handle::REFUSING_MAX;
use crate::server::shared::Shared;
use crate::server::{ServerStats, ShutdownReport};
use crate::transport::Address;

/// Watches and stops an [`AsyncServer`](crate::AsyncServer). Cheap to clone; does not keep the server
/// running.
#[derive(Clone)]
pub struct AsyncServerHandle {
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    address: Address,
}

impl AsyncServerHandle {
    pub(super) fn new(shared: Arc<Shared>, changed: Arc<Notify>, address: Address) -> Self {
        Self {
            shared,
            changed,
            address,
        }
    }

    /// Where the server listens.
    pub fn local_addr(&self) -> &Address {
        &self.address
    }

    /// Shuts the server down, and is done when it has ended, at the latest after this time. The same as
    /// [`ServerHandle::shutdown`](crate::ServerHandle::shutdown), and in the end async handlers are
    /// dropped where they wait.
    ///
    /// When the future is dropped early, the server goes on draining, and nothing is cut.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        self.shared.drain();
        let refusing = REFUSING_MAX.min(deadline / 4);
        if self.wait_for(deadline.saturating_sub(refusing)).await {
            return ShutdownReport { connections_cut: 0 };
        }
        self.shared.refuse_waiting();
        let connections_cut = if self.wait_for(refusing).await {
            0
        } else {
            self.shared.cut()
        };
        ShutdownReport { connections_cut }
    }

    /// Shuts the server down with the configured deadline, `drain_ms`.
    pub async fn drain(&self) -> ShutdownReport {
        let drain_ms = self.shared.settings.timeouts.drain_ms;
        self.shutdown(Duration::from_millis(drain_ms)).await
    }

    async fn wait_for(&self, time: Duration) -> bool {
        // A time that the clock does not reach is as good as for ever.
        let deadline = Instant::now().checked_add(time);
        until(&self.changed, deadline, || self.shared.is_over()).await
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

impl std::fmt::Debug for AsyncServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncServerHandle")
            .field("local_addr", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
