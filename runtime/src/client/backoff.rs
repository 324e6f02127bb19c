//! How long to wait before trying again.

use std::time::Duration;

/// A pause that grows with each failure, of random length so that many clients do not come back at
/// the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
}

impl Backoff {
    pub(super) fn new(min_ms: u64, max_ms: u64) -> Self {
        Self {
            min: Duration::from_millis(min_ms),
            max: Duration::from_millis(max_ms),
        }
    }

    pub(super) fn min(self) -> Duration {
        self.min
    }

    pub(super) fn max(self) -> Duration {
        self.max
    }

    /// A pause after so many failures in a row, the first of which is 1.
    pub(super) fn pause(self, failures: u32) -> Duration {
        let spread = self.most(failures).saturating_sub(self.min);
        let spread = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX);
        self.min + Duration::from_nanos(fastrand::u64(0..=spread))
    }

    /// The longest pause after so many failures: twice the shortest after the first, and twice as
    /// long with each.
    fn most(self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.min.saturating_mul(doubled).min(self.max).max(self.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let backoff = Backoff::new(100, 1_000);
        let most: Vec<_> = (1..=5).map(|n| backoff.most(n).as_millis()).collect();
        assert_eq!(most, [200, 400, 800, 1_000, 1_000]);
        for failures in [1, 2, 31, 32, u32::MAX] {
            for _ in 0..100 {
                let pause = backoff.pause(failures);
                assert!(pause >= backoff.min && pause <= backoff.most(failures));
            }
        }
    }

    #[test]
    fn pauses_differ() {
        let backoff = Backoff::new(1, 60_000);
        let first = backoff.pause(10);
        assert!((0..100).any(|_| backoff.pause(10) != first));
    }

    #[test]
    fn a_longest_pause_below_the_shortest_counts_as_that() {
        assert_eq!(Backoff::new(5, 1).pause(9), Duration::from_millis(5));
    }
}
