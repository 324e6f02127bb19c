//! The threads that call handlers, when the loops do not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;

use crate::server::nonblocking::mail::Mail;
use crate::server::nonblocking::polled::Polled;
use crate::server::shared::{Counters, Shared};

/// A connection with something to answer, and where it belongs.
pub(super) struct Job {
    pub(super) polled: Box<Polled>,
    pub(super) slot: usize,
    pub(super) mail: Arc<Mail>,
}

/// Serves until the loops have ended.
pub(super) fn run(shared: &Shared, jobs: &Receiver<Job>) {
    for Job { polled, slot, mail } in jobs {
        // The processor's panics are caught further in; this is for a stream or transport of a
        // user's own. What it served is dropped.
        let served = catch_unwind(AssertUnwindSafe(|| serve(polled)));
        let polled = served.unwrap_or_else(|_| {
            Counters::add(&shared.counters.failed);
            None
        });
        mail.served(slot, polled);
    }
}

/// Answers, and gives the connection back unless it has ended.
fn serve(mut polled: Box<Polled>) -> Option<Box<Polled>> {
    match polled.answer(Instant::now()) {
        Ok(()) => Some(polled),
        Err(end) => {
            polled.finish(end);
            None
        }
    }
}
