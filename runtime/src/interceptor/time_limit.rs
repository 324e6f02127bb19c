//! A bound on how long calls may take.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::interceptor::Interceptor;
use crate::processor::CallContext;

/// Gives calls a deadline, and refuses those that are past theirs.
///
/// On a server nothing can stop a handler: those that take long look at
/// [`CallContext::deadline`], and pass it on to the servers that they call.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimit(Duration);

impl TimeLimit {
    /// Calls may take so long, from here on.
    pub fn new(time: Duration) -> Self {
        Self(time)
    }
}

impl Interceptor for TimeLimit {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        cx.limit_deadline(Deadline::after(self.0));
        if cx
            .deadline()
            .is_some_and(|deadline| deadline.left().is_some())
        {
            return Ok(());
        }
        let text = "the deadline of the call was over before it began";
        Err(Error::new(ErrorKind::Timeout, text))
    }
}
