//! Tells listeners of connections, in order, and never while a lock is held.
//!
//! What happens to a connection happens under its lock. It is noted here, and told by whoever has let
//! go of the lock first; one thread tells at a time, so that nobody hears of an end before the
//! beginning.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::{Mutex, MutexGuard};

use crate::error::Error;
use crate::peer::Peer;
use crate::transport::{ConnectionEvent, Listeners};

pub(super) struct Events {
    listeners: Listeners,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<(u64, Event)>,
    /// A thread is telling them.
    busy: bool,
}

/// What has become of a connection.
pub(super) enum Event {
    Connecting,
    Up(Peer),
    Down(Error),
}

impl Events {
    pub(super) fn new(listeners: Listeners) -> Self {
        Self {
            listeners,
            queue: Mutex::default(),
        }
    }

    /// Notes what has become of the connection of this number.
    pub(super) fn note(&self, connection: u64, event: impl FnOnce() -> Event) {
        if !self.listeners.0.is_empty() {
            self.queue.lock().events.push_back((connection, event()));
        }
    }

    /// Tells what was noted, once this is dropped: to be made before a lock is taken.
    pub(super) fn later(&self) -> Later<'_> {
        Later(self)
    }

    /// Tells what was noted. Not to be called while a lock is held.
    pub(super) fn tell(&self) {
        if self.listeners.0.is_empty() {
            return;
        }
        let mut queue = self.queue.lock();
        if queue.busy {
            return;
        }
        while let Some((connection, event)) = queue.events.pop_front() {
            queue.busy = true;
            MutexGuard::unlocked(&mut queue, || self.tell_one(connection, &event));
        }
        queue.busy = false;
    }

    fn tell_one(&self, connection: u64, event: &Event) {
        let event = match event {
            Event::Connecting => ConnectionEvent::Connecting { connection },
            Event::Up(peer) => ConnectionEvent::Up { connection, peer },
            Event::Down(reason) => ConnectionEvent::Down { connection, reason },
        };
        for listener in &self.listeners.0 {
            // A listener that panics is no reason why a call should fail.
            drop(catch_unwind(AssertUnwindSafe(|| listener(&event))));
        }
    }
}

/// Tells what was noted when it is dropped.
pub(super) struct Later<'a>(&'a Events);

impl Drop for Later<'_> {
    fn drop(&mut self) {
        self.0.tell();
    }
}
