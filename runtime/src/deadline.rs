//! When a call has to be over.

use std::fmt;
use std::time::{Duration, Instant};

/// The end of the time that a call may take, from connecting to the last byte of its reply.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    total: Duration,
}

/// Waits that differ by less are told to the system as one: it is spared a call for each of them.
const COARSE: Duration = Duration::from_millis(5);

/// What is as good as never, since the clock has an end.
const AGES: Duration = Duration::from_hours(365 * 24);

impl Deadline {
    /// So much time from now; at most a year.
    pub fn after(time: Duration) -> Self {
        let total = time.min(AGES);
        Self {
            at: Instant::now() + total,
            total,
        }
    }

    /// So many milliseconds from a time that may be past; at most a year.
    pub(crate) fn ms_from(start: Instant, ms: u64) -> Self {
        let total = Duration::from_millis(ms).min(AGES);
        Self {
            at: start + total,
            total,
        }
    }

    /// At this time.
    pub fn until(at: Instant) -> Self {
        Self {
            at,
            total: at.saturating_duration_since(Instant::now()),
        }
    }

    /// The earlier of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }

    /// When it is.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// How much time is left; `None` when it is over.
    pub fn left(&self) -> Option<Duration> {
        let left = self.at.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The same to wait for, at most 5 ms more than is left.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let left = self.left()?;
        Some(
            if self.total.saturating_sub(left) < COARSE.min(self.total / 8) {
                self.total
            } else {
                left
            },
        )
    }
}

/// The whole time: `30000 ms`.
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.total.as_millis())
    }
}
