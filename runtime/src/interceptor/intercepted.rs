//! Interceptors around a processor.

use crate::error::{ApplicationCode, Error, ErrorKind};
use crate::interceptor::{Around, End, Interceptor, Stack};
#[cfg(feature = "tokio")]
use crate::processor::{Answer, AsyncProcessor};
use crate::processor::{CallContext, Outcome, Processor, Request, external};
use crate::protocol::WireProtocol;

/// A processor whose calls go through interceptors. One whose handlers are futures stays such a one;
/// interceptors are called in the task of the call then, which they must not block.
///
/// ```
/// # use seapink::{Multiplexed, interceptor::{ConcurrencyLimit, Intercepted, Log}};
/// # let processor = Multiplexed::new();
/// let processor = Intercepted::new(processor)
///     .with(Log::new())
///     .with(ConcurrencyLimit::new(100));
/// ```
pub struct Intercepted<P> {
    processor: P,
    stack: Stack,
}

impl<P> Intercepted<P> {
    /// Without any interceptor.
    pub fn new(processor: P) -> Self {
        Self {
            processor,
            stack: Stack::default(),
        }
    }

    /// The same with an interceptor inside those before it.
    #[must_use]
    pub fn with(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.stack.push(interceptor);
        self
    }
}

impl<P: Processor> Processor for Intercepted<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.processor.protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        cx.reach(self.processor.service_of(&request.head.name));
        let around = match Around::begin(&self.stack, cx) {
            Ok(around) => around,
            Err(error) => {
                let (code, text) = refusal(&error);
                return request.refuse(self, code, &text, reply);
            }
        };
        let start = reply.len();
        let outcome = self.processor.process(request, reply, around.cx);
        // Handlers see the name in the IDL.
        around
            .cx
            .reach(self.processor.service_of(&request.head.name));
        let wire = self.protocols()[request.protocol];
        end(around, outcome, request, wire, &reply[start..]);
        outcome
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.processor.service_of(name)
    }
}

#[cfg(feature = "tokio")]
impl<P: AsyncProcessor> AsyncProcessor for Intercepted<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.processor.protocols()
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        Box::pin(async move {
            let wire = self.processor.protocols()[request.protocol];
            cx.reach(self.processor.service_of(&request.head.name));
            let around = match Around::begin(&self.stack, cx) {
                Ok(around) => around,
                Err(error) => {
                    let (code, text) = refusal(&error);
                    return request.refuse_in(wire, code, &text, reply);
                }
            };
            let start = reply.len();
            let outcome = self.processor.process(request, reply, around.cx).await;
            around
                .cx
                .reach(self.processor.service_of(&request.head.name));
            end(around, outcome, request, wire, &reply[start..]);
            outcome
        })
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.processor.service_of(name)
    }
}

/// What the peer is told of a call that an interceptor has refused, and that so has not run.
fn refusal(error: &Error) -> (ApplicationCode, String) {
    match error.kind() {
        ErrorKind::Timeout => (ApplicationCode::TIMEOUT, error.message().to_owned()),
        _ => external(error),
    }
}

/// Tells interceptors how a call has ended.
fn end(
    mut around: Around<&Stack, &mut CallContext>,
    outcome: Outcome,
    request: &Request<'_>,
    wire: &dyn WireProtocol,
    reply: &[u8],
) {
    match outcome {
        Outcome::Exception => {
            let error = match wire.read_exception(reply, request.limits) {
                Ok((code, text)) => Error::from_peer(code, text),
                Err(error) => error,
            };
            around.end(&End::Failed(&error));
        }
        Outcome::Declared => around.end(&End::Declared),
        _ => match around.cx.take_failure() {
            Some(error) => around.end(&End::Failed(&error)),
            None => around.end(&End::Done),
        },
    }
}
