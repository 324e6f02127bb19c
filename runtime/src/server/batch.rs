//! The calls that have arrived together on a connection: how long they may wait for those before
//! them, and how long what is answered may wait for the others.
//!
//! Why isn't each answer written before the next call is run? Because most calls take microseconds,
//! and a write costs more than they do. So answers leave together, unless the calls prove slow.

use std::time::{Duration, Instant};

use crate::server::refusal::Refusal;
use crate::server::shared::Shared;

/// When the oldest answer is so old, the next call does not begin before it is sent.
const UNSENT_MAX: Duration = Duration::from_millis(1);

pub(super) struct Batch {
    /// When the calls arrived, later by the time for which the peer did not take answers.
    since: Instant,
    /// When the call began whose answer is the oldest that is not sent.
    unsent: Option<Instant>,
    /// When the next call begins.
    now: Instant,
}

impl Batch {
    pub(super) fn new(since: Instant, now: Instant) -> Self {
        Self {
            since,
            unsent: None,
            now,
        }
    }

    /// Why the next call is not run, if it is not.
    #[inline]
    pub(super) fn refusal(&self, shared: &Shared) -> Option<Refusal> {
        if shared.is_refusing() {
            return Some(Refusal::ShuttingDown);
        }
        let queue_ms = shared.settings.timeouts.queue_ms;
        let late = self.now.saturating_duration_since(self.since) > Duration::from_millis(queue_ms);
        late.then_some(Refusal::QueuedTooLong)
    }

    /// Notes that a call has ended and that more has arrived. `true` when the answers that there are
    /// cannot wait for it.
    #[inline]
    pub(super) fn is_slow(&mut self, shared: &Shared, answered: bool) -> bool {
        let begun = self.now;
        self.now = Instant::now();
        if !answered {
            return false;
        }
        let unsent = *self.unsent.get_or_insert(begun);
        // In a shutdown nobody knows how much time there is.
        self.now.saturating_duration_since(unsent) > UNSENT_MAX || !shared.is_running()
    }

    /// Notes that all answers were sent, for which the calls that follow are not to blame.
    pub(super) fn sent(&mut self) {
        let now = Instant::now();
        self.since += now.saturating_duration_since(self.now);
        (self.now, self.unsent) = (now, None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{ServerConfig, ServerTimeouts};
    use crate::processor::{CallContext, Outcome, Processor, Request};
    use crate::protocol::{ProtocolSet, Standard, WireProtocol};
    use crate::server::shared::Settings;

    struct Nothing;

    impl Processor for Nothing {
        fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
            Standard::WIRE
        }

        fn process(&self, _: &Request<'_>, _: &mut Vec<u8>, _: &mut CallContext) -> Outcome {
            Outcome::Silent
        }
    }

    fn shared() -> Shared {
        let timeouts = ServerTimeouts::default().queue_ms(1000);
        let config = ServerConfig::new("").timeouts(timeouts);
        Shared::new(Settings::new(&config, Arc::new(Nothing)).unwrap())
    }

    #[test]
    fn calls_begin_until_the_server_refuses() {
        let (shared, now) = (shared(), Instant::now());
        let batch = Batch::new(now, now);
        assert_eq!(batch.refusal(&shared), None);
        shared.drain();
        assert_eq!(batch.refusal(&shared), None);
        shared.refuse_waiting();
        assert_eq!(batch.refusal(&shared), Some(Refusal::ShuttingDown));
        shared.cut();
        assert_eq!(batch.refusal(&shared), Some(Refusal::ShuttingDown));
    }

    #[test]
    fn time_counts_in_which_handlers_ran_but_not_that_of_the_peer() {
        let (shared, now) = (shared(), Instant::now());
        let second = Duration::from_secs(1);
        let late = Batch::new(now, now + second + UNSENT_MAX);
        assert_eq!(late.refusal(&shared), Some(Refusal::QueuedTooLong));
        assert_eq!(Batch::new(now, now + second).refusal(&shared), None);
        // The peer has taken two seconds.
        let before = now.checked_sub(2 * second).unwrap();
        let mut batch = Batch::new(before, before);
        batch.sent();
        assert_eq!(batch.refusal(&shared), None);
    }

    #[test]
    fn answers_wait_for_fast_calls_only() {
        let (shared, now) = (shared(), Instant::now());
        let before = now.checked_sub(Duration::from_secs(1)).unwrap();
        let mut slow = Batch::new(before, before);
        assert!(!slow.is_slow(&shared, false), "a oneway call");
        let mut slow = Batch::new(before, before);
        assert!(slow.is_slow(&shared, true));
        slow.sent();
        // Whatever the clock says: a call that begins in a minute is not over.
        let mut fast = Batch::new(now, now + Duration::from_mins(1));
        assert!(!fast.is_slow(&shared, true));
        shared.drain();
        assert!(fast.is_slow(&shared, true));
    }
}
