//! When a call began, for an interceptor that measures its time.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crate::processor::CallContext;

/// What the interceptor `I` leaves with a call: each has its own.
pub(super) struct Begun<I>(Instant, PhantomData<fn(I)>);

impl<I: 'static> Begun<I> {
    /// Notes that a call begins now.
    pub(super) fn note(cx: &mut CallContext) {
        let begun = Self(Instant::now(), PhantomData);
        cx.extensions_mut().insert(begun);
    }

    /// How long ago that was.
    pub(super) fn elapsed(cx: &mut CallContext) -> Option<Duration> {
        let Self(begun, _) = cx.extensions_mut().remove()?;
        Some(begun.elapsed())
    }
}
