//! Processors: from a message to a handler and back.
//!
//! A [`Processor`] gets one whole message and appends the answer to a buffer. It knows neither
//! threads nor sockets. Emitted services become processors by [`Service`]; [`Multiplexed`] routes
//! between several; users may write their own around either.

mod arguments;
#[cfg(feature = "tokio")]
mod asynchronous;
mod call;
mod context;
mod extensions;
mod lend;
mod method_error;
mod multiplexed;
mod recycled;
mod result;

pub(crate) use arguments::write_arguments;
pub use arguments::{
    BorrowingFn, DecodeArguments, EncodeArguments, FieldNames, HandlerFn, RecycleArguments,
};
#[cfg(feature = "tokio")]
pub(crate) use asynchronous::caught;
#[cfg(feature = "tokio")]
pub use asynchronous::{Answer, AsyncCall, AsyncHandlerFn, AsyncProcessor, AsyncService};
pub use call::Call;
pub use context::{CallContext, Peer};
pub use extensions::Extensions;
pub use lend::Lend;
pub use method_error::{MethodError, Undeclared};
#[cfg(feature = "tokio")]
pub use multiplexed::AsyncMultiplexed;
pub use multiplexed::Multiplexed;
pub(crate) use result::read_result;
pub use result::{DecodeResult, EncodeResult};

use std::marker::PhantomData;
use std::sync::Arc;

use crate::envelope::Envelope;
use crate::error::{ApplicationCode, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{
    MessageHead, Protocol, ProtocolSet, ProtocolVisitor, Standard, WireProtocol,
};
use crate::wire::MessageKind;

/// Answers messages.
///
/// Shared by every thread of a server: `process` is called at the same time for messages of
/// different connections.
pub trait Processor: Send + Sync {
    /// The protocols that it was compiled for.
    fn protocols(&self) -> &'static [&'static dyn WireProtocol];

    /// Processes one message. Appends the answer, if there is one, to `reply`, and nothing else.
    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome;

    /// The service that a call of this name reaches, for [interceptors](crate::interceptor) that
    /// decide by it. Whoever wraps a processor forwards this; without an answer of its own it is what
    /// the caller has written before the function's name.
    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        name.split_once(':').map_or("", |(service, _)| service)
    }
}

/// One message, its head already read.
#[derive(Clone, Debug)]
pub struct Request<'m> {
    /// The head. Its name has lost the service that a multiplexer took off.
    pub head: MessageHead<'m>,
    /// Index into [`Processor::protocols`].
    pub protocol: usize,
    /// The whole message.
    pub message: &'m [u8],
    /// Where in the message the arguments start.
    pub body: usize,
    /// What the arguments may cost.
    pub limits: &'m Limits,
    /// What stood around the message, where the transport carries such.
    pub envelope: Option<Arc<Envelope>>,
}

impl<'m> Request<'m> {
    /// Reads the head of a message.
    ///
    /// # Errors
    /// When the head cannot be read: the peer does not speak this protocol, and no answer could be
    /// addressed to it.
    pub fn read(
        processor: &dyn Processor,
        protocol: usize,
        message: &'m [u8],
        limits: &'m Limits,
    ) -> Result<Self> {
        let (head, body) = processor.protocols()[protocol].read_head(message, limits)?;
        Ok(Self {
            head,
            protocol,
            message,
            body,
            limits,
            envelope: None,
        })
    }

    /// Answers with an application exception, unless the call is oneway.
    pub fn refuse(
        &self,
        processor: &dyn Processor,
        code: ApplicationCode,
        text: &str,
        reply: &mut Vec<u8>,
    ) -> Outcome {
        self.refuse_in(processor.protocols()[self.protocol], code, text, reply)
    }

    /// The same in a protocol.
    pub(crate) fn refuse_in(
        &self,
        wire: &dyn WireProtocol,
        code: ApplicationCode,
        text: &str,
        reply: &mut Vec<u8>,
    ) -> Outcome {
        if self.head.kind == MessageKind::Oneway {
            return Outcome::Silent;
        }
        let head = self.head.answer(&self.head.name, MessageKind::Exception);
        wire.write_exception(&head, code.0, text, reply);
        Outcome::Exception
    }
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A result was appended.
    Reply,
    /// An exception that the function declares was appended.
    Declared,
    /// An application exception was appended.
    Exception,
    /// Nothing was appended: the call was oneway.
    Silent,
}

/// The names of functions, and whether they are oneway.
pub type Functions = &'static [(&'static str, bool)];

/// A service, as emitted code describes it: a table from function names to handler calls.
///
/// Every service is a [`Processor`] for the [`Standard`] protocols; [`WithProtocols`] makes it one
/// for another set.
pub trait Service: Send + Sync {
    /// The user's type.
    type Handler: Send + Sync;

    /// The name in the IDL, which is also the name for multiplexing.
    const NAME: &'static str;

    /// The functions that it answers.
    const FUNCTIONS: Functions = &[];

    /// The user's value.
    fn handler(&self) -> &Self::Handler;

    /// Finds the function and calls the handler.
    fn dispatch<P: Protocol>(handler: &Self::Handler, call: Call<'_, P>) -> Outcome;
}

impl<S: Service> Processor for S {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Standard::WIRE
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        process::<S, Standard>(self, request, reply, cx)
    }

    fn service_of<'a>(&'a self, _: &'a str) -> &'a str {
        S::NAME
    }
}

/// A service for a set of protocols of your own.
#[derive(Clone, Debug)]
pub struct WithProtocols<Set, S> {
    service: S,
    set: PhantomData<fn(Set)>,
}

impl<Set: ProtocolSet, S> WithProtocols<Set, S> {
    /// Serves every protocol of the set, and no other.
    pub fn new(service: S) -> Self {
        Self {
            service,
            set: PhantomData,
        }
    }

    #[cfg(feature = "tokio")]
    fn service(&self) -> &S {
        &self.service
    }
}

impl<Set: ProtocolSet, S: Service> Processor for WithProtocols<Set, S> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Set::WIRE
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        process::<S, Set>(&self.service, request, reply, cx)
    }

    fn service_of<'a>(&'a self, _: &'a str) -> &'a str {
        S::NAME
    }
}

impl<P: Processor + ?Sized> Processor for Arc<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        (**self).protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        (**self).process(request, reply, cx)
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        (**self).service_of(name)
    }
}

#[inline]
fn process<S: Service, Set: ProtocolSet>(
    service: &S,
    request: &Request<'_>,
    reply: &mut Vec<u8>,
    cx: &mut CallContext,
) -> Outcome {
    struct Dispatch<'a, S> {
        service: &'a S,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a CallContext,
    }

    impl<S: Service> ProtocolVisitor for Dispatch<'_, S> {
        type Output = Outcome;

        fn visit<P: Protocol>(self) -> Outcome {
            let call = Call::<P>::new(S::NAME, self.request, self.reply, self.cx);
            if matches!(
                self.request.head.kind,
                MessageKind::Call | MessageKind::Oneway
            ) {
                S::dispatch(self.service.handler(), call)
            } else {
                let text = "a server takes calls, not replies";
                call.refuse(ApplicationCode::INVALID_MESSAGE_TYPE, text)
            }
        }
    }

    cx.enter(S::NAME, &request.head.name);
    Set::ALL[request.protocol].visit(Dispatch {
        service,
        request,
        reply,
        cx,
    })
}

/// What the peer is told of an error that its function does not declare: a handler's own words where
/// it chose them, and otherwise no more than the kind of error.
pub(crate) fn external(error: &crate::Error) -> (ApplicationCode, String) {
    match error.kind() {
        ErrorKind::Application(code) => (code, error.message().to_owned()),
        ErrorKind::Overloaded => (ApplicationCode::OVERLOADED, error.message().to_owned()),
        ErrorKind::Handler => (ApplicationCode::INTERNAL_ERROR, error.message().to_owned()),
        _ => (ApplicationCode::INTERNAL_ERROR, "internal error".to_owned()),
    }
}
