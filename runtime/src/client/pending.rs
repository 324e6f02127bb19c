//! A call that was sent, and whose reply somebody will want.

use std::fmt;
use std::marker::PhantomData;

use crate::client::caller::{Observed, end};
use crate::client::{Client, Deadline, Sent};
use crate::processor::{DecodeResult, MethodError};
use crate::protocol::{ProtocolSet, Standard};

/// A call in flight: what `send_x` returns beside `x`, so that one thread can have several.
///
/// Dropping it gives the call up: its reply is not read. The call's time is counted from when it was
/// sent.
#[must_use = "the reply is not read otherwise"]
pub struct Pending<T, E, Set: ProtocolSet = Standard> {
    client: Client<Set>,
    method: &'static str,
    deadline: Deadline,
    sent: Option<Sent>,
    around: Option<Observed>,
    ty: PhantomData<fn() -> (T, E)>,
}

impl<T, E, Set> Pending<T, E, Set>
where
    T: for<'de> DecodeResult<'de>,
    E: MethodError,
    Set: ProtocolSet,
{
    pub(super) fn new(
        client: Client<Set>,
        method: &'static str,
        deadline: Deadline,
        sent: Sent,
        around: Option<Observed>,
    ) -> Self {
        Self {
            client,
            method,
            deadline,
            sent: Some(sent),
            around,
            ty: PhantomData,
        }
    }

    /// Waits for the reply.
    ///
    /// # Errors
    /// Those that the function declares, and everything else as `Other`.
    pub fn wait(mut self) -> Result<T, E> {
        let Some(sent) = self.sent.take() else {
            unreachable!("only this function and `drop` take it");
        };
        let (method, deadline) = (self.method, self.deadline);
        let result = self.client.decoded(method, |channel, decode| {
            channel.receive(sent, &deadline, decode)
        });
        end(self.around.take(), &result);
        result
    }
}

impl<T, E, Set: ProtocolSet> Drop for Pending<T, E, Set> {
    fn drop(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.client.channel().abandon(sent);
        }
    }
}

impl<T, E, Set: ProtocolSet> fmt::Debug for Pending<T, E, Set> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
