//! What ends the waiting of a reader.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Stops a reader that tails a file. Cheap to clone.
#[derive(Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Makes the reader return `None` instead of waiting.
    pub fn stop(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    /// Waits, and says whether it was stopped.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut stopped = self.0.0.lock();
        while !*stopped && !self.0.1.wait_until(&mut stopped, deadline).timed_out() {}
        *stopped
    }
}
