//! Clients: the other end of [`processor`](crate::processor).
//!
//! A [`Client`] turns function calls into messages; a [`Channel`] carries whole messages and knows
//! no types. Emitted clients are a thin layer of named functions over [`Client`].

mod connection;
mod file;
mod pending;

pub use crate::deadline::Deadline;
pub use pending::Pending;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::codec::{ApplicationException, Decode};
use crate::error::{ApplicationCode, Delivery, Error, ErrorKind, Result};
use crate::interceptor::{Around, End, Interceptor, Stack};
use crate::limits::Limits;
use crate::processor::{
    CallContext, DecodeResult, EncodeArguments, FieldNames, MethodError, read_result,
    write_arguments,
};
use crate::protocol::{
    Input, MessageForm, MessageHead, Output, Protocol, ProtocolSet, ProtocolVisitor, Standard,
};
use crate::wire::MessageKind;

/// Carries messages to a server and back.
///
/// Safe to share between threads. Whoever implements it pairs each reply with its call; the two
/// closures are called at most once each, on the caller's thread.
pub trait Channel: Send + Sync {
    /// Sends the message that `encode` appends for the sequence id it is given, waits for the reply
    /// unless the call is `oneway`, and hands it to `decode` with the sequence id that the reply has
    /// to have.
    ///
    /// # Errors
    /// Those of the closures, and those of the transport, each with its
    /// [`Delivery`]. After an error of `decode` the stream cannot be trusted any
    /// more: the channel closes its connection.
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()>;

    /// Sends a message whose reply is wanted later. One that has calls in flight returns once it is
    /// handed to the system; what every channel can do is to wait for the reply and keep it.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    fn send(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Sent> {
        let mut kept = None;
        self.exchange(options, encode, &mut |sequence_id, reply| {
            let reply = reply.to_vec();
            kept = Some(Sent::Replied { sequence_id, reply });
            Ok(())
        })?;
        kept.ok_or_else(|| Error::new(ErrorKind::Closed, "the channel brought no reply"))
    }

    /// Waits for the reply to what was sent.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    fn receive(
        &self,
        sent: Sent,
        deadline: &Deadline,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let _ = deadline;
        match sent {
            Sent::Replied { sequence_id, reply } => decode(sequence_id, &reply),
            Sent::InFlight { .. } => {
                let text = "the call was sent by another channel";
                Err(Error::new(ErrorKind::Config, text))
            }
        }
    }

    /// Gives up what was sent: nobody wants the reply.
    fn abandon(&self, sent: Sent) {
        drop(sent);
    }
}

/// What a [`Channel`] is told of a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallOptions {
    /// Nobody waits for a reply.
    pub oneway: bool,
    /// When the call has to be over.
    pub deadline: Deadline,
}

impl CallOptions {
    /// For a call that has to be over by then.
    pub fn new(oneway: bool, deadline: Deadline) -> Self {
        Self { oneway, deadline }
    }
}

/// What a [`Channel`] knows of a call that it has sent.
#[derive(Debug)]
pub enum Sent {
    /// Its reply is still to come.
    InFlight {
        /// Where the channel keeps it.
        slot: usize,
        /// That of the call.
        sequence_id: i32,
    },
    /// Its reply is here.
    Replied {
        /// That of the call.
        sequence_id: i32,
        /// The message.
        reply: Vec<u8>,
    },
}

/// How long a call may take unless a configuration or the caller says so.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls functions of a service over a [`Channel`]. Cheap to clone; clones share the channel.
#[derive(Clone)]
pub struct Client<Set = Standard> {
    channel: Arc<dyn Channel>,
    protocol: Set,
    form: MessageForm,
    limits: Limits,
    service: Option<Arc<str>>,
    timeout: Duration,
    deadline: Option<Instant>,
    stack: Stack,
}

impl<Set: ProtocolSet> Client<Set> {
    /// A client that speaks a protocol over a channel.
    pub fn new(channel: impl Channel + 'static, protocol: Set) -> Self {
        Self {
            channel: Arc::new(channel),
            protocol,
            form: MessageForm::default(),
            limits: Limits::default(),
            service: None,
            timeout: CALL_TIMEOUT,
            deadline: None,
            stack: Stack::default(),
        }
    }

    /// The same client with other limits on what replies may cost.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same client, writing the heads of its messages in this form.
    #[must_use]
    pub fn with_form(mut self, form: MessageForm) -> Self {
        self.form = form;
        self
    }

    /// The same client, whose calls may take so long each: from connecting, if that is needed, to the
    /// last byte of the reply. Default 30 seconds, or `call_ms` of the configuration.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same client, whose calls have to be over by then, and within their
    /// [time-out](Self::with_timeout).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same client, whose calls go through an interceptor, inside those that it has already.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.stack.push(interceptor);
        self
    }

    /// A client for one service of a multiplexed server, over the same channel.
    #[must_use]
    pub fn service(&self, name: &str) -> Self {
        Self {
            service: Some(name.into()),
            ..self.clone()
        }
    }

    /// Calls a function. Its errors are those that it declares, and everything else as `Other`.
    #[allow(clippy::needless_pass_by_value, reason = "a tuple of references")]
    pub fn call<'v, A, T, E>(
        &self,
        method: &'static str,
        ids: FieldNames,
        arguments: A,
    ) -> Result<T, E>
    where
        A: EncodeArguments<'v>,
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let mut options = self.options(false);
        let around = self.begin(method, &mut options)?;
        let mut encode = self.encoder(method, MessageKind::Call, ids, &arguments);
        let result = self.decoded(method, |channel, decode| {
            channel.exchange(&options, &mut encode, decode)
        });
        end(around, &result);
        result
    }

    /// Sends a call whose result is wanted later.
    ///
    /// # Errors
    /// When it cannot be sent.
    #[allow(clippy::needless_pass_by_value, reason = "a tuple of references")]
    pub fn send<'v, A, T, E>(
        &self,
        method: &'static str,
        ids: FieldNames,
        arguments: A,
    ) -> Result<Pending<T, E, Set>>
    where
        A: EncodeArguments<'v>,
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let mut options = self.options(false);
        let mut around = self.begin(method, &mut options)?;
        let mut encode = self.encoder(method, MessageKind::Call, ids, &arguments);
        match self.channel.send(&options, &mut encode) {
            Ok(sent) => Ok(Pending::new(
                self.clone(),
                method,
                options.deadline,
                sent,
                around,
            )),
            Err(error) => {
                if let Some(around) = &mut around {
                    around.end(&End::Failed(&error));
                }
                Err(error)
            }
        }
    }

    /// Calls a oneway function: returns once the message is handed to the transport.
    #[allow(clippy::needless_pass_by_value, reason = "a tuple of references")]
    pub fn oneway<'v, A>(&self, method: &'static str, ids: FieldNames, arguments: A) -> Result<()>
    where
        A: EncodeArguments<'v>,
    {
        let mut options = self.options(true);
        let around = self.begin(method, &mut options)?;
        let mut encode = self.encoder(method, MessageKind::Oneway, ids, &arguments);
        let result = self
            .channel
            .exchange(&options, &mut encode, &mut |_, _| Ok(()));
        if let Some(mut around) = around {
            around.end(&match &result {
                Ok(()) => End::Done,
                Err(error) => End::Failed(error),
            });
        }
        result
    }

    /// Tells the interceptors of a call, if there are any.
    #[inline]
    fn begin(&self, method: &str, options: &mut CallOptions) -> Result<Option<Observed>> {
        if self.stack.is_empty() {
            return Ok(None);
        }
        let mut cx = CallContext::default();
        cx.call(
            self.service.as_deref().unwrap_or_default(),
            method,
            options.oneway,
        );
        cx.limit_deadline(options.deadline);
        let around = Around::begin(self.stack.clone(), Box::new(cx));
        let around = around.map_err(|error| error.with_delivery(Delivery::NotSent))?;
        if let Some(deadline) = around.cx.deadline() {
            options.deadline = deadline;
        }
        Ok(Some(around))
    }

    fn options(&self, oneway: bool) -> CallOptions {
        let mut deadline = Deadline::after(self.timeout);
        if let Some(at) = self.deadline {
            deadline = Deadline::until(at).min(deadline);
        }
        CallOptions::new(oneway, deadline)
    }

    /// Runs what hands the reply to a function, and returns what that has decoded.
    fn decoded<T, E>(
        &self,
        method: &'static str,
        run: impl FnOnce(&dyn Channel, &mut dyn FnMut(i32, &[u8]) -> Result<()>) -> Result<()>,
    ) -> Result<T, E>
    where
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let mut result = None;
        let run = run(&*self.channel, &mut |sequence_id, message| {
            let limits = &self.limits;
            let reply = DecodeReply {
                method,
                sequence_id,
                message,
                limits,
                ty: PhantomData,
            };
            result = Some(self.protocol.visit(reply)?);
            Ok(())
        });
        match (run, result) {
            (Ok(()), Some(result)) => result,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => {
                Err(Error::new(ErrorKind::Closed, "the channel brought no reply").into())
            }
        }
    }

    fn channel(&self) -> &dyn Channel {
        &*self.channel
    }

    fn encoder<'a, 'v, A: EncodeArguments<'v>>(
        &'a self,
        method: &'static str,
        kind: MessageKind,
        ids: FieldNames,
        arguments: &'a A,
    ) -> impl FnMut(i32, &mut Vec<u8>) -> Result<()> + 'a
    where
        'v: 'a,
    {
        move |sequence_id, buffer| {
            let head = self.head(method, kind, sequence_id);
            self.encode(head, ids, arguments, buffer)
        }
    }

    fn head(
        &self,
        method: &'static str,
        kind: MessageKind,
        sequence_id: i32,
    ) -> MessageHead<'static> {
        let name = match &self.service {
            Some(service) => Cow::Owned(format!("{service}:{method}")),
            None => Cow::Borrowed(method),
        };
        MessageHead {
            name,
            kind,
            sequence_id,
            form: self.form,
        }
    }

    fn encode<'v, A: EncodeArguments<'v>>(
        &self,
        head: MessageHead<'_>,
        ids: FieldNames,
        arguments: &A,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let start = buffer.len();
        let limits = &self.limits;
        let call = EncodeCall {
            head,
            ids,
            arguments,
            limits,
            buffer: &mut *buffer,
        };
        let written = self.protocol.visit(call);
        if written.is_err() {
            buffer.truncate(start);
        }
        written
    }
}

/// A call that interceptors were told of.
type Observed = Around<Stack, Box<CallContext>>;

/// Tells interceptors how a call has ended.
fn end<T, E: MethodError>(around: Option<Observed>, result: &Result<T, E>) {
    let Some(mut around) = around else { return };
    around.end(&match result {
        Ok(_) => End::Done,
        Err(error) => match error.undeclared() {
            Some(error) => End::Failed(error),
            None => End::Declared,
        },
    });
}

impl<Set: fmt::Debug> fmt::Debug for Client<Set> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("protocol", &self.protocol)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

struct EncodeCall<'a, A> {
    head: MessageHead<'a>,
    ids: FieldNames,
    arguments: &'a A,
    limits: &'a Limits,
    buffer: &'a mut Vec<u8>,
}

impl<'v, A: EncodeArguments<'v>> ProtocolVisitor for EncodeCall<'_, A> {
    type Output = Result<()>;

    fn visit<P: Protocol>(self) -> Result<()> {
        let mut out = P::output(mem::take(self.buffer), self.limits);
        out.message_begin(&self.head);
        write_arguments(self.arguments, self.ids, &mut out);
        out.message_end();
        let written = out.finish();
        *self.buffer = written.bytes;
        written.result
    }
}

struct DecodeReply<'a, T, E> {
    method: &'static str,
    sequence_id: i32,
    message: &'a [u8],
    limits: &'a Limits,
    ty: PhantomData<fn() -> (T, E)>,
}

impl<T, E> ProtocolVisitor for DecodeReply<'_, T, E>
where
    T: for<'de> DecodeResult<'de>,
    E: MethodError,
{
    /// The outer error is a reply that cannot be trusted, the inner one that of the function.
    type Output = Result<Result<T, E>>;

    fn visit<P: Protocol>(self) -> Self::Output {
        let mut input = P::input(self.message, 0, self.limits);
        let head = input.message_begin()?;
        self.check(&head)?;
        let result = match head.kind {
            MessageKind::Exception => {
                let mut exception = ApplicationException::default();
                exception.decode_into(&mut input)?;
                let error = Error::from_peer(exception.code, exception.message);
                Err(error.with_delivery(Delivery::Sent).into())
            }
            _ => read_result(&mut input)?,
        };
        input.message_end()?;
        Ok(result)
    }
}

impl<T, E> DecodeReply<'_, T, E> {
    /// An exception may answer what the server could not even read, so its name is not checked.
    fn check(&self, head: &MessageHead<'_>) -> Result<()> {
        let (code, text) = if head.sequence_id != self.sequence_id {
            let text = format!(
                "the reply has sequence id {}, the call has {}",
                head.sequence_id, self.sequence_id
            );
            (ApplicationCode::BAD_SEQUENCE_ID, text)
        } else if matches!(head.kind, MessageKind::Call | MessageKind::Oneway) {
            (
                ApplicationCode::INVALID_MESSAGE_TYPE,
                "the server sent a call".to_owned(),
            )
        } else if head.kind == MessageKind::Reply && head.name != self.method {
            let text = format!(
                "the reply is for `{}`, not for `{}`",
                head.name, self.method
            );
            (ApplicationCode::WRONG_METHOD_NAME, text)
        } else {
            return Ok(());
        };
        Err(Error::application(code, text))
    }
}
