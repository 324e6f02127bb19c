//! The loop that takes connections. No error ends it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::server::connection::Connection;
use crate::server::counters::Counters;
use crate::server::shared::Shared;
use crate::transport::Listener;

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// So many connections in a row may have ended before they were taken, until that is a reason to pause.
const GONE_MAX: u32 = 16;

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
                failures = Failures::default();
                if let Some(permit) = shared.admit(&*stream) {
                    serve(Connection::new(stream, permit));
                }
            }
            // The last connection has ended, too.
            Ok(None) if listener.is_over() => shared.drain(),
            // Woken: perhaps to shut down.
            Ok(None) => {}
            Err(error) => {
                Counters::add(&shared.counters.accept_errors);
                shared.events.accept_failed(&error);
                if let Some(pause) = failures.pause(&error) {
                    shared.sleep(pause);
                }
            }
        }
    }
}

/// How long to pause: those since the last connection that was taken.
#[derive(Default)]
pub(super) struct Failures {
    last: Option<Duration>,
    gone: u32,
}

impl Failures {
    /// Most errors mean that descriptors or memory have run out, and trying again at once would
    /// only burn time. The exception is a peer that has gone before it was taken, unless it is one
    /// after the other.
    pub(super) fn pause(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};

        let gone = [ConnectionAborted, ConnectionReset, Interrupted].contains(&error.kind());
        if gone && self.gone < GONE_MAX {
            self.gone += 1;
            return None;
        }
        let pause = self
            .last
            .map_or(PAUSE_MIN, |pause| (2 * pause).min(PAUSE_MAX));
        self.last = Some(pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_half_a_second() {
        let mut failures = Failures::default();
        let mut note = |kind| failures.pause(&io::Error::from(kind));
        assert_eq!(note(io::ErrorKind::ConnectionAborted), None);
        let pauses: Vec<_> = (0..8)
            .filter_map(|_| note(io::ErrorKind::OutOfMemory))
            .collect();
        let expected = [10, 20, 40, 80, 160, 320, 500, 500].map(Duration::from_millis);
        assert_eq!(pauses, expected);
    }

    #[test]
    fn peers_that_have_gone_cost_a_pause_when_there_is_nobody_else() {
        let mut failures = Failures::default();
        let mut note = || failures.pause(&io::ErrorKind::ConnectionAborted.into());
        assert!((0..GONE_MAX).all(|_| note().is_none()));
        assert_eq!(
            [note(), note()],
            [10, 20].map(|ms| Some(Duration::from_millis(ms)))
        );
    }
}
