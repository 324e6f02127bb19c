//! Calls that failed are made again, where that is safe and likely to help.
//!
//! Why not as a layer between a client and its channel? Because a channel carries messages, and that
//! a server is overloaded is said in one: only the client has read it.

mod budget;

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::backoff::Backoff;
use crate::client::CallOptions;
use crate::config::RetryConfig;
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind};
use crate::processor::Undeclared;
use budget::Budget;

pub(super) struct Retry {
    attempts_max: u32,
    attempt: Option<Duration>,
    backoff: Backoff,
    budget: Mutex<Budget>,
}

impl Retry {
    pub(super) fn new(config: &RetryConfig) -> Self {
        Self {
            attempts_max: config.attempts_max,
            attempt: config.attempt_ms.map(Duration::from_millis),
            backoff: Backoff::new(config.backoff_min_ms, config.backoff_max_ms),
            budget: Mutex::new(Budget::new(config, Instant::now())),
        }
    }

    /// Begins a call.
    pub(super) fn begin<'a>(&'a self, options: &'a CallOptions) -> Attempts<'a> {
        self.budget.lock().call();
        Attempts {
            retry: self,
            options,
            made: 0,
            run: false,
        }
    }
}

/// The attempts of one call.
pub(super) struct Attempts<'a> {
    retry: &'a Retry,
    options: &'a CallOptions,
    made: u32,
    /// The server may have run one.
    run: bool,
}

impl Attempts<'_> {
    /// What the next attempt is told.
    pub(super) fn next(&mut self) -> CallOptions {
        self.made += 1;
        let mut options = self.options.clone();
        // Only what may be run twice is made again after a time-out, and there is a next time.
        if let Some(time) = self.retry.attempt
            && options.idempotent
            && self.made < self.retry.attempts_max
        {
            options.deadline = Deadline::after(time).min(options.deadline);
        }
        options
    }

    /// When to make another attempt after what has come of this one, if there is to be one. Otherwise
    /// the error says of all attempts whether the server may have run the call.
    pub(super) fn next_at<T, E: Undeclared>(
        &mut self,
        result: &mut Result<T, E>,
    ) -> Option<Instant> {
        let error = result.as_mut().err()?.undeclared_mut()?;
        let at = self.after(error);
        if at.is_none() && self.run {
            error.set_delivery(Delivery::Sent);
        }
        self.run |= !error.is_retryable();
        at
    }

    #[cold]
    fn after(&self, error: &Error) -> Option<Instant> {
        if self.made >= self.retry.attempts_max || !self.helps(error) {
            return None;
        }
        let now = Instant::now();
        let due = error.retry_at().map_or(now, |at| at.max(now));
        let at = due + self.retry.backoff.pause(self.made);
        if at >= self.options.deadline.at() || !self.retry.budget.lock().retry(now) {
            return None;
        }
        #[cfg(feature = "tracing")]
        tracing::debug!(attempt = self.made, "a call is made again: {error}");
        Some(at)
    }

    /// Whether a call that has failed like this may be made again.
    fn helps(&self, error: &Error) -> bool {
        let CallOptions {
            oneway, idempotent, ..
        } = *self.options;
        error.is_retryable()
            || (idempotent
                && !oneway
                && matches!(
                    error.kind(),
                    ErrorKind::Closed | ErrorKind::Timeout | ErrorKind::Io
                ))
    }
}
