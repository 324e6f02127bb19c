//! A processor as the other end of a client: no transport, no port, no thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::client::{CallOptions, Channel, Client};
use crate::error::{ApplicationCode, Delivery, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::processor::{CallContext, Outcome, Peer, Processor, Request};
use crate::protocol::{ProtocolSet, Standard};
use crate::wire::MessageKind;

/// The channel has one call at a time on each thread.
const SEQUENCE_ID: i32 = 1;

impl Client {
    /// A client of a processor in the same process, for tests and for services that call each other.
    ///
    /// Calls are encoded as binary messages, processed on the caller's thread, and decoded again, so
    /// what a handler gets and what its client gets are values of their own, as over a network. A
    /// handler that panics becomes an application exception. The handler sees the call's deadline; it
    /// is not interrupted, and a call whose handler returns too late fails with
    /// [`Timeout`](ErrorKind::Timeout).
    ///
    /// ```
    /// # use seapink::codegen::{Call, Outcome, Service};
    /// # use seapink::{CallContext, Client, Error, ErrorKind, Multiplexed, Protocol};
    /// # enum NoteError { Other(Error) }
    /// # seapink::codegen::impl_method_error!(NoteError {});
    /// struct Notes;
    ///
    /// impl Notes {
    ///     fn find(&self, _: &CallContext, word: String) -> Result<String, NoteError> {
    ///         Ok(format!("buy {word}"))
    ///     }
    /// }
    /// # impl Service for Notes {
    /// #     type Handler = Self;
    /// #     const NAME: &'static str = "Notes";
    /// #     fn handler(&self) -> &Self { self }
    /// #     fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
    /// #         match call.method() {
    /// #             "find" => call.reply(handler, Self::find, &[(1, "word")]),
    /// #             _ => call.unknown_method(),
    /// #         }
    /// #     }
    /// # }
    ///
    /// // Emitted: `NotesClient::new(Client::in_process(NotesProcessor::new(Notes)))`.
    /// let client = Client::in_process(Notes);
    /// let found: Result<String, NoteError> = client.call("find", &[(1, "word")], ("milk",));
    /// assert_eq!(found.unwrap(), "buy milk");
    ///
    /// // Anything that a server takes will do.
    /// let client = Client::in_process(Multiplexed::new().service("Notes", Notes)).service("Notes");
    /// let found: Result<String, NoteError> = client.call("find", &[(1, "word")], ("tea",));
    /// assert_eq!(found.unwrap(), "buy tea");
    /// ```
    pub fn in_process(processor: impl Processor + 'static) -> Self {
        Self::in_process_with(processor, Standard::Binary)
    }
}

impl<Set: ProtocolSet> Client<Set> {
    /// The same in another protocol. When the processor does not have it, calls fail with
    /// [`Config`](ErrorKind::Config).
    pub fn in_process_with(processor: impl Processor + 'static, protocol: Set) -> Self {
        let name = name(protocol);
        let protocols = processor.protocols().iter();
        let index = protocols.map(|wire| wire.name()).position(|it| it == name);
        let channel = InProcess {
            processor,
            name,
            protocol: index,
            limits: Limits::default(),
        };
        Self::new(channel, protocol)
    }
}

fn name<Set: ProtocolSet>(protocol: Set) -> &'static str {
    struct Name;

    impl crate::protocol::ProtocolVisitor for Name {
        type Output = &'static str;

        fn visit<P: crate::protocol::Protocol>(self) -> &'static str {
            P::NAME
        }
    }

    protocol.visit(Name)
}

struct InProcess<P> {
    processor: P,
    name: &'static str,
    /// Its place among those of the processor.
    protocol: Option<usize>,
    limits: Limits,
}

impl<P: Processor> InProcess<P> {
    /// What a server does with a message. `None` if it is not answered.
    fn answer(&self, protocol: usize, message: &[u8], cx: CallContext) -> Result<Option<Vec<u8>>> {
        let (processor, mut cx) = (&self.processor, cx);
        let request = Request::read(processor, protocol, message, &self.limits)?;
        let oneway = request.head.kind == MessageKind::Oneway;
        let deadline = cx.deadline();
        cx.begin(&request.head.name, oneway);
        if let Some(deadline) = deadline {
            cx.limit_deadline(deadline);
        }
        let mut reply = Vec::new();
        let process = || processor.process(&request, &mut reply, &mut cx);
        let outcome = catch_unwind(AssertUnwindSafe(process));
        let why = match outcome {
            Ok(Outcome::Silent) => return Ok(None),
            Ok(_) if !reply.is_empty() => return Ok(Some(reply)),
            Ok(_) => "the processor wrote no answer",
            Err(_) => "internal error",
        };
        reply.clear();
        let code = ApplicationCode::INTERNAL_ERROR;
        Ok(match request.refuse(processor, code, why, &mut reply) {
            Outcome::Silent => None,
            _ => Some(reply),
        })
    }
}

impl<P: Processor> Channel for InProcess<P> {
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let not_sent = |error: Error| error.with_delivery(Delivery::NotSent);
        let deadline = &options.deadline;
        let late = || Error::new(ErrorKind::Timeout, format!("no reply within {deadline}"));
        let Some(protocol) = self.protocol else {
            let text = format!("the processor does not have the protocol `{}`", self.name);
            return Err(not_sent(Error::new(ErrorKind::Config, text)));
        };
        if deadline.left().is_none() {
            return Err(not_sent(late()));
        }
        let mut message = Vec::new();
        encode(SEQUENCE_ID, &mut message).map_err(not_sent)?;
        let mut cx = CallContext::new(Peer::Local);
        cx.limit_deadline(*deadline);
        let sent = |error: Error| error.with_delivery(Delivery::Sent);
        let reply = self.answer(protocol, &message, cx).map_err(sent)?;
        match reply {
            _ if options.oneway => Ok(()),
            _ if deadline.left().is_none() => Err(sent(late())),
            Some(reply) => decode(SEQUENCE_ID, &reply).map_err(sent),
            None => {
                let text = "the processor did not answer: it takes the function to be oneway";
                let code = ApplicationCode::MISSING_RESULT;
                Err(sent(Error::application(code, text)))
            }
        }
    }
}
