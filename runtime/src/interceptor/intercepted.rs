//! Interceptors around a processor.

use crate::error::{ApplicationCode, Error};
use crate::interceptor::{Around, End, Interceptor, Stack};
use crate::processor::{CallContext, Outcome, Processor, Request, external};
use crate::protocol::WireProtocol;

/// A processor whose calls go through interceptors.
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

impl<P: Processor> Intercepted<P> {
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
        let mut around = match Around::begin(&self.stack, cx) {
            Ok(around) => around,
            Err(error) => {
                let (code, text) = external(&error);
                return request.refuse(self, code, &text, reply);
            }
        };
        let start = reply.len();
        let outcome = self.processor.process(request, reply, around.cx);
        match outcome {
            Outcome::Exception => {
                let wire = self.protocols()[request.protocol];
                let error = match wire.read_exception(&reply[start..], request.limits) {
                    Ok((code, text)) => Error::from_peer(code, text),
                    Err(error) => error,
                };
                around.end(&End::Failed(&error));
            }
            Outcome::Declared => around.end(&End::Declared),
            _ => around.end(&End::Done),
        }
        outcome
    }
}

impl ApplicationCode {
    /// The code that says the same as an error of a kind.
    pub(crate) fn of(kind: crate::ErrorKind) -> Self {
        match kind {
            crate::ErrorKind::Application(code) => code,
            crate::ErrorKind::Overloaded => Self::OVERLOADED,
            crate::ErrorKind::Timeout => Self::TIMEOUT,
            _ => Self::INTERNAL_ERROR,
        }
    }
}
