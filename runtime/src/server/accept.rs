//! The loop that takes connections. No error ends it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::server::connection::Connection;
use crate::server::counters::Counters;
use crate::server::events;
use crate::server::shared::Shared;
use crate::transport::Listener;

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Hands over connections until the server is shut down. Then the listener is closed.
pub(super) fn accept(
    shared: &Arc<Shared>,
    mut listener: Box<dyn Listener>,
    mut serve: impl FnMut(Connection),
) {
    let mut failures = Failures::default();
    while shared.is_running() {
        match listener.accept() {
            Ok(Some(stream)) => {
                failures.pause = None;
                if let Some(permit) = shared.admit(&*stream) {
                    serve(Connection::new(stream, permit));
                }
            }
            // Woken: perhaps to shut down.
            Ok(None) => {}
            Err(error) => {
                Counters::add(&shared.counters.accept_errors);
                if let Some(pause) = failures.note(&error) {
                    shared.sleep(pause);
                }
            }
        }
    }
}

/// How long to pause, and when to say why.
#[derive(Default)]
pub(super) struct Failures {
    pub(super) pause: Option<Duration>,
    logged: Option<Instant>,
    times: u64,
}

impl Failures {
    /// Most errors mean that descriptors or memory have run out, and trying again at once would
    /// only burn time. The exception is a peer that has gone before it was taken.
    pub(super) fn note(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};

        self.times += 1;
        if self
            .logged
            .is_none_or(|logged| logged.elapsed() >= LOG_EVERY)
        {
            events::accept_failed(error, self.times);
            self.logged = Some(Instant::now());
            self.times = 0;
        }
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionReset | Interrupted
        ) {
            return None;
        }
        let pause = self
            .pause
            .map_or(PAUSE_MIN, |pause| (2 * pause).min(PAUSE_MAX));
        self.pause = Some(pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_half_a_second() {
        let mut failures = Failures::default();
        let mut note = |kind| failures.note(&io::Error::from(kind));
        assert_eq!(note(io::ErrorKind::ConnectionAborted), None);
        let pauses: Vec<_> = (0..8)
            .filter_map(|_| note(io::ErrorKind::OutOfMemory))
            .collect();
        let expected = [10, 20, 40, 80, 160, 320, 500, 500].map(Duration::from_millis);
        assert_eq!(pauses, expected);
    }
}
