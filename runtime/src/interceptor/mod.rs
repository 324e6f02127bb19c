//! What runs around every call, on servers and on clients alike.
//!
//! ```text
//! before: first ──► second ──► the call ──► after: second ──► first
//! ```
//!
//! An [`Interceptor`] sees calls as messages, not their arguments: who calls what, until when, and
//! how the call ended. It may wait, refuse the call, and leave [`Extensions`](crate::processor::Extensions)
//! for those behind it and for the handler. On a server, [`Intercepted`] puts interceptors around a
//! processor; on a client, [`Client::with_interceptor`](crate::Client::with_interceptor) does.

mod begun;
mod concurrency;
mod intercepted;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod time_limit;

pub use concurrency::ConcurrencyLimit;
pub use intercepted::Intercepted;
pub use log::Log;
#[cfg(feature = "metrics")]
pub use metrics::Metrics;
pub use time_limit::TimeLimit;

use std::borrow::{Borrow, BorrowMut};
use std::mem;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::processor::CallContext;

/// Runs around calls. Shared by all threads.
pub trait Interceptor: Send + Sync {
    /// Before the call. May wait: on a server the thread that would run the handler does.
    ///
    /// # Errors
    /// What refuses the call. On a server the peer is told what a
    /// [handler's error](crate::Error::handler) would tell it, and [`Overloaded`] as such; on a client
    /// it is the call's error, and nothing is sent.
    ///
    /// [`Overloaded`]: crate::ErrorKind::Overloaded
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        let _ = cx;
        Ok(())
    }

    /// After a call for which [`before`](Self::before) returned `Ok`, exactly once, however it ended.
    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let _ = (cx, end);
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum End<'a> {
    /// With a result, or for a oneway call by having been run without an error, or sent.
    Done,
    /// With an exception that the function declares.
    Declared,
    /// With anything else. On a server, what the client is told or, for a oneway call, what it would be
    /// told if somebody waited.
    Failed(&'a Error),
}

/// Interceptors, the first of which is the outermost.
#[derive(Clone, Default)]
pub(crate) struct Stack(Arc<Vec<Arc<dyn Interceptor>>>);

impl Stack {
    pub(crate) fn push(&mut self, interceptor: impl Interceptor + 'static) {
        Arc::make_mut(&mut self.0).push(Arc::new(interceptor));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn after(&self, begun: usize, cx: &mut CallContext, end: &End<'_>) {
        for interceptor in self.0[..begun].iter().rev() {
            interceptor.after(cx, end);
        }
    }
}

/// A call that interceptors were told of, and are to be told how it ends.
pub(crate) struct Around<S: Borrow<Stack>, C: BorrowMut<CallContext>> {
    stack: S,
    pub(crate) cx: C,
    /// How many of them were told.
    begun: usize,
}

impl<S: Borrow<Stack>, C: BorrowMut<CallContext>> Around<S, C> {
    /// Begins a call.
    pub(crate) fn begin(stack: S, cx: C) -> Result<Self> {
        let mut around = Self {
            stack,
            cx,
            begun: 0,
        };
        for index in 0..around.stack.borrow().0.len() {
            let interceptor = Arc::clone(&around.stack.borrow().0[index]);
            if let Err(error) = interceptor.before(around.cx.borrow_mut()) {
                around.end(&End::Failed(&error));
                return Err(error);
            }
            around.begun = index + 1;
        }
        Ok(around)
    }

    /// Tells them. Only the first time counts.
    pub(crate) fn end(&mut self, end: &End<'_>) {
        let begun = mem::take(&mut self.begun);
        self.stack.borrow().after(begun, self.cx.borrow_mut(), end);
    }
}

impl<S: Borrow<Stack>, C: BorrowMut<CallContext>> Drop for Around<S, C> {
    fn drop(&mut self) {
        if self.begun > 0 {
            let text = "the call was given up, or its thread panicked";
            let error = Error::new(ErrorKind::Cancelled, text);
            self.end(&End::Failed(&error));
        }
    }
}
