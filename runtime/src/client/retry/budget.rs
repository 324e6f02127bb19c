//! How many retries a client may make, whatever happens.
//!
//! Without a bound, clients that retry multiply the load of a server just when it has too much. No
//! clock: whoever asks says what time it is.

use std::time::Instant;

use crate::config::RetryConfig;

/// A bucket of tokens, each of which pays for a hundredth of a retry.
pub(super) struct Budget {
    tokens: u64,
    tokens_max: u64,
    per_call: u64,
    per_second: u64,
    /// Until when the tokens of passing time are counted.
    counted: Instant,
}

/// What a retry costs.
const RETRY: u64 = 100;

/// As much as comes in so many seconds can be saved up.
const SECONDS_MAX: u64 = 10;

/// At least so many retries can be saved up, or calls that bring a part of one would bring nothing.
const RETRIES_MIN: u64 = 10;

const NANOS: u128 = 1_000_000_000;

impl Budget {
    /// With what comes in a second.
    pub(super) fn new(config: &RetryConfig, now: Instant) -> Self {
        let per_second = u64::from(config.budget_per_second) * RETRY;
        Self {
            tokens: per_second,
            tokens_max: (per_second * SECONDS_MAX).max(RETRIES_MIN * RETRY),
            per_call: u64::from(config.budget_percent),
            per_second,
            counted: now,
        }
    }

    /// A call is made.
    pub(super) fn call(&mut self) {
        self.add(self.per_call);
    }

    /// Whether a call may be made again. If so, that is paid for.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let nanos = now.saturating_duration_since(self.counted).as_nanos();
        let come = u64::try_from(nanos * u128::from(self.per_second) / NANOS);
        let come = come.unwrap_or(self.tokens_max);
        if come > 0 {
            self.add(come);
            self.counted = now;
        }
        let Some(left) = self.tokens.checked_sub(RETRY) else {
            return false;
        };
        self.tokens = left;
        true
    }

    fn add(&mut self, tokens: u64) {
        self.tokens = self.tokens.saturating_add(tokens).min(self.tokens_max);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn budget(percent: u32, per_second: u32) -> (Budget, Instant) {
        let config = RetryConfig::default()
            .budget_percent(percent)
            .budget_per_second(per_second);
        let now = Instant::now();
        (Budget::new(&config, now), now)
    }

    /// How many retries are paid for in a row.
    fn retries(budget: &mut Budget, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.retry(now)).count()
    }

    #[test]
    fn it_begins_with_a_second() {
        let (mut budget, now) = budget(20, 10);
        assert_eq!(retries(&mut budget, now), 10);
        assert_eq!(retries(&mut budget, now), 0);
    }

    #[test]
    fn each_call_brings_a_part_of_a_retry() {
        let (mut budget, now) = budget(20, 0);
        assert_eq!(retries(&mut budget, now), 0);
        for expected in [0, 0, 0, 0, 1, 0] {
            budget.call();
            assert_eq!(retries(&mut budget, now), expected);
        }
        (0..25).for_each(|_| budget.call());
        assert_eq!(retries(&mut budget, now), 5);
    }

    #[test]
    fn each_second_brings_some_and_no_part_of_one_is_lost() {
        let (mut budget, mut now) = budget(0, 10);
        assert_eq!(retries(&mut budget, now), 10);
        let mut all = 0;
        for _ in 0..1_000 {
            now += Duration::from_millis(7);
            all += retries(&mut budget, now);
        }
        assert!((69..=70).contains(&all), "{all} in 7 s");
        // Neither when it is asked more often than a token comes.
        let begun = now;
        while now < begun + Duration::from_secs(1) {
            now += Duration::from_micros(300);
            all += retries(&mut budget, now);
        }
        assert!((78..=80).contains(&all), "{all} in 8 s");
    }

    #[test]
    fn only_so_much_is_saved_up() {
        let (mut budget, now) = self::budget(100, 3);
        (0..1_000).for_each(|_| budget.call());
        let later = now + Duration::from_hours(1);
        assert_eq!(retries(&mut budget, later), 30);
        let (mut budget, now) = self::budget(100, 0);
        (0..1_000).for_each(|_| budget.call());
        assert_eq!(retries(&mut budget, now), 10);
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing() {
        let (mut budget, now) = budget(0, 1);
        let later = now + Duration::from_secs(1);
        assert!(budget.retry(later));
        assert!(budget.retry(now));
        assert!(!budget.retry(now));
    }
}
