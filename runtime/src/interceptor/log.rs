//! A line in the log for each call.

use crate::error::Result;
use crate::interceptor::begun::Begun;
use crate::interceptor::{End, Interceptor};
use crate::processor::CallContext;

/// Tells `tracing` of each call that has ended: at the level `info`, or `warn` if it failed.
///
/// Without the feature `tracing` it does nothing.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Log;

impl Log {
    /// For `Intercepted::with` and `Client::with_interceptor`.
    pub fn new() -> Self {
        Self
    }
}

impl Interceptor for Log {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        Begun::<Self>::note(cx);
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let Some(time) = Begun::<Self>::elapsed(cx) else {
            return;
        };
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let _ = (micros, end);
        #[cfg(feature = "tracing")]
        {
            let (peer, service, method) = (cx.peer(), cx.service(), cx.method());
            match end {
                End::Done => tracing::info!(%peer, service, method, micros, "call"),
                End::Declared => {
                    tracing::info!(%peer, service, method, micros, "call ended with an exception");
                }
                End::Failed(error) => {
                    tracing::warn!(%peer, service, method, micros, "call failed: {error}");
                }
            }
        }
    }
}
