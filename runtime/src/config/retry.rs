//! When a client tries again: to connect, and to call.

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;

/// The most attempts of a call, percent, and retries in a second.
const ATTEMPTS_MAX: u32 = 100;
const PERCENT_MAX: u32 = 1_000;
const PER_SECOND_MAX: u32 = 1_000_000;

/// How long a client leaves a server alone that cannot be reached: the section `[client.reconnect]`.
///
/// After the n-th failure in a row, nobody tries to connect for a time that is chosen at random, from
/// `min_ms` to `min_ms` · 2ⁿ, and is never longer than `max_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReconnectConfig {
    /// The shortest pause, in milliseconds. Default 100.
    pub min_ms: u64,
    /// The longest pause, in milliseconds. Default 10 000.
    pub max_ms: u64,
}

/// Calls that failed are made again, where that is safe: the section `[client.retry]`.
///
/// Before the n-th attempt after the first there is a pause that is chosen at random, from
/// `backoff_min_ms` to `backoff_min_ms` · 2ⁿ, and is never longer than `backoff_max_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// Attempts of one call, the first included, 1 to 100. Default 3.
    pub attempts_max: u32,
    /// How long an attempt may take before the next, in milliseconds, for functions that the IDL marks
    /// with `(rust.idempotent)`. Default: what the call has left. The last attempt may always take that.
    pub attempt_ms: Option<u64>,
    /// Retries for a hundred calls, 0 to 1000. Default 20.
    pub budget_percent: u32,
    /// Retries in a second beside these, 0 to 1 000 000. Default 10.
    pub budget_per_second: u32,
    /// The shortest pause, in milliseconds. Default 10.
    pub backoff_min_ms: u64,
    /// The longest pause, in milliseconds. Default 1000.
    pub backoff_max_ms: u64,
}

impl Default for ReconnectConfig {
    fn default() -> Self {
        Self {
            min_ms: 100,
            max_ms: 10_000,
        }
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            attempt_ms: None,
            budget_percent: 20,
            budget_per_second: 10,
            backoff_min_ms: 10,
            backoff_max_ms: 1_000,
        }
    }
}

impl ReconnectConfig {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut reconnect = Self::default();
        let ms = || 1..=TIMEOUT_MS_MAX;
        section.number("min_ms", ms(), &mut reconnect.min_ms)?;
        section.number("max_ms", ms(), &mut reconnect.max_ms)?;
        section.finish()?;
        Ok(reconnect)
    }

    /// Refuses what a builder can get wrong as well as a file.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        let Self { min_ms, max_ms } = *self;
        origin.check_ms("client.reconnect.min_ms", min_ms)?;
        origin.check_ms("client.reconnect.max_ms", max_ms)?;
        origin.check_order("client.reconnect", ("min_ms", min_ms), ("max_ms", max_ms))
    }

    /// The same with another [`min_ms`](Self::min_ms).
    #[must_use]
    pub fn min_ms(mut self, ms: u64) -> Self {
        self.min_ms = ms;
        self
    }

    /// The same with another [`max_ms`](Self::max_ms).
    #[must_use]
    pub fn max_ms(mut self, ms: u64) -> Self {
        self.max_ms = ms;
        self
    }
}

impl RetryConfig {
    pub(super) fn read(mut section: Section<'_>) -> Result<Option<Self>> {
        if !section.is_present() {
            return Ok(None);
        }
        let mut retry = Self::default();
        let ms = || 1..=TIMEOUT_MS_MAX;
        section.number("attempts_max", 1..=ATTEMPTS_MAX, &mut retry.attempts_max)?;
        let mut attempt_ms = 0;
        section.number("attempt_ms", ms(), &mut attempt_ms)?;
        retry.attempt_ms = (attempt_ms > 0).then_some(attempt_ms);
        section.number("budget_percent", 0..=PERCENT_MAX, &mut retry.budget_percent)?;
        let per_second = &mut retry.budget_per_second;
        section.number("budget_per_second", 0..=PER_SECOND_MAX, per_second)?;
        section.number("backoff_min_ms", ms(), &mut retry.backoff_min_ms)?;
        section.number("backoff_max_ms", ms(), &mut retry.backoff_max_ms)?;
        section.finish()?;
        Ok(Some(retry))
    }

    /// Refuses what a builder can get wrong as well as a file.
    pub(super) fn check(&self, call_ms: u64, origin: &Origin) -> Result<()> {
        let attempts = self.attempts_max;
        origin.check_number("client.retry.attempts_max", 1, ATTEMPTS_MAX, attempts)?;
        if let Some(ms) = self.attempt_ms {
            let key = "client.retry.attempt_ms";
            origin.check_ms(key, ms)?;
            if ms > call_ms {
                let text = format!(
                    "{ms} is more than call_ms = {call_ms}, which is for all attempts; write less than \
                     {call_ms}"
                );
                return Err(origin.error(key, text));
            }
        }
        let percent = self.budget_percent;
        origin.check_number("client.retry.budget_percent", 0, PERCENT_MAX, percent)?;
        let (key, retries) = ("client.retry.budget_per_second", self.budget_per_second);
        origin.check_number(key, 0, PER_SECOND_MAX, retries)?;
        let (min, max) = (self.backoff_min_ms, self.backoff_max_ms);
        origin.check_ms("client.retry.backoff_min_ms", min)?;
        origin.check_ms("client.retry.backoff_max_ms", max)?;
        let (min, max) = (("backoff_min_ms", min), ("backoff_max_ms", max));
        origin.check_order("client.retry", min, max)
    }

    /// The same with another [`attempts_max`](Self::attempts_max).
    #[must_use]
    pub fn attempts_max(mut self, attempts: u32) -> Self {
        self.attempts_max = attempts;
        self
    }

    /// The same with an [`attempt_ms`](Self::attempt_ms).
    #[must_use]
    pub fn attempt_ms(mut self, ms: u64) -> Self {
        self.attempt_ms = Some(ms);
        self
    }

    /// The same with another [`budget_percent`](Self::budget_percent).
    #[must_use]
    pub fn budget_percent(mut self, percent: u32) -> Self {
        self.budget_percent = percent;
        self
    }

    /// The same with another [`budget_per_second`](Self::budget_per_second).
    #[must_use]
    pub fn budget_per_second(mut self, retries: u32) -> Self {
        self.budget_per_second = retries;
        self
    }

    /// The same with another [`backoff_min_ms`](Self::backoff_min_ms).
    #[must_use]
    pub fn backoff_min_ms(mut self, ms: u64) -> Self {
        self.backoff_min_ms = ms;
        self
    }

    /// The same with another [`backoff_max_ms`](Self::backoff_max_ms).
    #[must_use]
    pub fn backoff_max_ms(mut self, ms: u64) -> Self {
        self.backoff_max_ms = ms;
        self
    }
}
