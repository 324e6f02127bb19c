//! The threads that call handlers, when the loops do not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::server::nonblocking::lane::{Call, Scratch};
use crate::server::nonblocking::mail::Mail;
use crate::server::nonblocking::polled::Polled;
use crate::server::queue::{Exit, Taken};
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;

/// Something to answer, and where the answer belongs.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) slot: usize,
    pub(super) mail: Arc<Mail>,
}

pub(super) enum Work {
    /// A connection, whose calls are run one after the other.
    Connection(Box<Polled>),
    /// One call of a connection that has several.
    Call(Call),
}

/// Serves until the loops have ended.
pub(super) fn run(shared: &Arc<Shared>, queue: &Exit<Job>) {
    let mut scratch = Scratch::default();
    while let Some(Taken { item, refusal, .. }) = queue.next() {
        item.serve(shared, refusal, &mut scratch);
    }
}

impl Job {
    fn serve(self, shared: &Arc<Shared>, refusal: Option<Refusal>, scratch: &mut Scratch) {
        let Self { work, slot, mail } = self;
        // The processor's panics are caught further in; this is for a stream or transport of a
        // user's own. What it served is dropped.
        match work {
            Work::Connection(polled) => {
                let served = catch_unwind(AssertUnwindSafe(|| answer(polled, refusal)));
                let polled = served.unwrap_or_else(|_| {
                    shared.counters.failed(ErrorKind::Handler);
                    None
                });
                mail.served(slot, polled);
            }
            Work::Call(call) if refusal.is_none() && call.must_wait() => {
                if call.hold() {
                    mail.answered(slot);
                }
            }
            Work::Call(call) => {
                let serve = || call.serve(shared, refusal, scratch);
                let tell = catch_unwind(AssertUnwindSafe(serve)).unwrap_or_else(|_| {
                    *scratch = Scratch::default();
                    call.fail(Error::new(ErrorKind::Handler, "the transport panicked"))
                });
                if tell {
                    mail.answered(slot);
                }
            }
        }
    }

    /// Answers without running anything.
    #[cold]
    pub(super) fn refuse(self, shared: &Arc<Shared>, why: Refusal) {
        self.serve(shared, Some(why), &mut Scratch::default());
    }
}

/// Answers, and gives the connection back unless it has ended.
fn answer(mut polled: Box<Polled>, refusal: Option<Refusal>) -> Option<Box<Polled>> {
    match polled.answer(Instant::now(), refusal) {
        Ok(()) => Some(polled),
        Err(end) => {
            polled.finish(end);
            None
        }
    }
}
