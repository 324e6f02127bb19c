//! What a client knows of attempts to connect that have failed, since one has not.
//!
//! After a failure there is a pause in which nobody tries: calls fail at once, with the reason of that
//! failure. Why not wait for the pause to end? Because a server that is down would hold every caller
//! of its clients; whoever wants to wait [retries](super::retry).

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind, Result};

#[derive(Default)]
pub(super) struct Failures {
    /// How many there were, one after the other.
    count: u32,
    last: Option<Failure>,
}

struct Failure {
    kind: ErrorKind,
    text: String,
    at: Instant,
    /// Nobody tries before.
    due: Instant,
}

impl Failures {
    /// Whether there is any.
    pub(super) fn are_known(&self) -> bool {
        self.last.is_some()
    }

    /// Refuses to try in the pause after a failure.
    pub(super) fn check(&self, now: Instant) -> Result<()> {
        match &self.last {
            Some(last) if last.due > now => Err(last.repeated(last.due - now)),
            _ => Ok(()),
        }
    }

    /// Notes the failure of an attempt that began then, after which there is a pause.
    pub(super) fn note(&mut self, backoff: Backoff, began: Instant, error: Error) -> Error {
        let now = Instant::now();
        match &self.last {
            // Others have failed at the same time.
            Some(last) if began < last.at => return error.with_retry_at(last.due),
            // Long ago.
            Some(last) if now > last.due + backoff.max() => self.count = 0,
            _ => {}
        }
        self.count = self.count.saturating_add(1);
        let due = now + backoff.pause(self.count);
        self.last = Some(Failure {
            kind: error.kind(),
            text: error.to_string(),
            at: now,
            due,
        });
        error.with_retry_at(due)
    }
}

impl Failure {
    /// What a call is told in the pause.
    #[cold]
    fn repeated(&self, wait: Duration) -> Error {
        let (why, ms) = (&self.text, wait.as_millis() + 1);
        let text = format!("{why}; the next attempt to connect is due in {ms} ms");
        Error::new(self.kind, text)
            .with_delivery(Delivery::NotSent)
            .with_retry_at(self.due)
    }
}

#[cold]
pub(super) fn not_connected(deadline: &Deadline) -> Error {
    let text = format!("not connected within {deadline}");
    Error::new(ErrorKind::Timeout, text)
}
