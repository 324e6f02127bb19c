//! A bound on the calls that run at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::interceptor::{End, Interceptor};
use crate::processor::CallContext;

/// Refuses calls as [`Overloaded`](ErrorKind::Overloaded) while so many run already.
///
/// It refuses at once instead of waiting: a server has a queue for those that wait, and what waits
/// elsewhere is not seen there.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    running: AtomicUsize,
    max: usize,
}

impl ConcurrencyLimit {
    /// At most so many calls at the same time, and at least one.
    pub fn new(calls_max: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            max: calls_max.max(1),
        }
    }
}

impl Interceptor for ConcurrencyLimit {
    fn before(&self, _: &mut CallContext) -> Result<()> {
        let max = self.max;
        let room = |running: usize| (running < max).then_some(running + 1);
        match self
            .running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
        {
            Ok(_) => Ok(()),
            Err(running) => {
                let text = format!("{running} calls run already, as many as may");
                Err(Error::new(ErrorKind::Overloaded, text))
            }
        }
    }

    fn after(&self, _: &mut CallContext, _: &End<'_>) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }
}
