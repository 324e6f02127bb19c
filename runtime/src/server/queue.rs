//! What waits for a worker: bounded in number, and in time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::server::refusal::Refusal;
use crate::server::shared::Shared;

/// Where it enters. When the last entrance is dropped and nothing waits, the exits close.
pub(super) struct Entrance<T> {
    sender: Sender<Waiting<T>>,
    shared: Arc<Shared>,
}

/// Where workers take it.
pub(super) struct Exit<T> {
    receiver: Receiver<Waiting<T>>,
    shared: Arc<Shared>,
}

struct Waiting<T> {
    item: T,
    since: Instant,
}

/// What has left it.
pub(super) struct Taken<T> {
    pub(super) item: T,
    /// When it entered.
    pub(super) since: Instant,
    /// Why it is too late to run it, if it is.
    pub(super) refusal: Option<Refusal>,
}

pub(super) fn queue<T>(shared: &Arc<Shared>, max: usize) -> (Entrance<T>, Exit<T>) {
    let (sender, receiver) = bounded(max);
    let entrance = Entrance {
        sender,
        shared: Arc::clone(shared),
    };
    let exit = Exit {
        receiver,
        shared: Arc::clone(shared),
    };
    (entrance, exit)
}

impl<T> Entrance<T> {
    /// Lets it wait, unless as many wait as may: then it comes back.
    pub(super) fn enter(&self, item: T, now: Instant) -> Result<(), T> {
        let queued = &self.shared.counters.queued;
        // Before it can be taken, so that the number never falls below zero.
        queued.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Waiting { item, since: now }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(waiting) | TrySendError::Disconnected(waiting)) => {
                queued.fetch_sub(1, Ordering::Relaxed);
                Err(waiting.item)
            }
        }
    }
}

impl<T> Exit<T> {
    /// Waits for the next one. `None` at the end.
    pub(super) fn next(&self) -> Option<Taken<T>> {
        let waiting = self.receiver.recv().ok()?;
        Some(self.left(waiting))
    }

    /// The same without waiting.
    pub(super) fn try_next(&self) -> Option<Taken<T>> {
        let waiting = self.receiver.try_recv().ok()?;
        Some(self.left(waiting))
    }

    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    fn left(&self, Waiting { item, since }: Waiting<T>) -> Taken<T> {
        self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
        let queue_ms = self.shared.settings.timeouts.queue_ms;
        let refusal = if self.shared.is_refusing() {
            Some(Refusal::ShuttingDown)
        } else if since.elapsed() > Duration::from_millis(queue_ms) {
            Some(Refusal::QueuedTooLong)
        } else {
            None
        };
        Taken {
            item,
            since,
            refusal,
        }
    }
}

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Clone for Exit<T> {
    fn clone(&self) -> Self {
        Self {
            receiver: self.receiver.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}
