//! Clients: the other end of [`processor`](crate::processor).
//!
//! A [`Client`] turns function calls into messages; a [`Channel`] carries whole messages and knows
//! no types. Emitted clients are a thin layer of named functions over [`Client`].

mod backoff;
mod channel;
mod connect;
mod connection;
mod dialer;
mod events;
mod file;
mod in_process;
mod message;
mod pending;
mod pool;
mod retry;

pub use crate::deadline::Deadline;
pub use crate::transport::ConnectionEvent;
pub use channel::{CallOptions, Channel, Sent};
pub use pending::Pending;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::RetryConfig;
use crate::error::{Delivery, Error, ErrorKind, Result};
use crate::interceptor::{Around, End, Interceptor, Stack};
use crate::limits::Limits;
use crate::processor::{CallContext, DecodeResult, EncodeArguments, FieldNames, MethodError};
use crate::protocol::{MessageForm, MessageHead, ProtocolSet, Standard};
use crate::wire::MessageKind;
use message::{DecodeReply, EncodeCall};
use retry::Retry;

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
    retry: Option<Arc<Retry>>,
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
            retry: None,
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

    /// The same client, whose calls are made again where that is safe and likely to help. Clients that
    /// are made of it have one budget with it. [`ClientConfig::retry`](crate::ClientConfig::retry)
    /// does the same.
    #[must_use]
    pub fn with_retry(mut self, config: &RetryConfig) -> Self {
        self.retry = Some(Arc::new(Retry::new(config)));
        self
    }

    /// The same client, whose calls go through an interceptor, inside those that it has already.
    /// Interceptors see a call once, however often it is made.
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
        self.call_with(self.options(false), method, ids, arguments)
    }

    /// The same for a function that the server may run more than once.
    pub fn call_idempotent<'v, A, T, E>(
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
        options.idempotent = true;
        self.call_with(options, method, ids, arguments)
    }

    #[allow(clippy::needless_pass_by_value, reason = "a tuple of references")]
    fn call_with<'v, A, T, E>(
        &self,
        mut options: CallOptions,
        method: &'static str,
        ids: FieldNames,
        arguments: A,
    ) -> Result<T, E>
    where
        A: EncodeArguments<'v>,
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let around = self.begin(method, &mut options)?;
        let mut encode = self.encoder(method, MessageKind::Call, ids, &arguments);
        let result = self.attempts(&options, E::undeclared, |options| {
            self.decoded(method, |channel, decode| {
                channel.exchange(options, &mut encode, decode)
            })
        });
        end(around, &result);
        result
    }

    /// Sends a call whose result is wanted later. Only sending is tried again, not the call.
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
        match self.attempts(&options, itself, |options| {
            self.channel.send(options, &mut encode)
        }) {
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
        let result = self.attempts(&options, itself, |options| {
            self.channel
                .exchange(options, &mut encode, &mut |_, _| Ok(()))
        });
        if let Some(mut around) = around {
            around.end(&match &result {
                Ok(()) => End::Done,
                Err(error) => End::Failed(error),
            });
        }
        result
    }

    /// Makes a call, again if that is worth it.
    #[inline]
    fn attempts<T, E>(
        &self,
        options: &CallOptions,
        undeclared: impl Fn(&E) -> Option<&Error>,
        mut attempt: impl FnMut(&CallOptions) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(retry) = &self.retry else {
            return attempt(options);
        };
        let mut attempts = retry.begin(options);
        loop {
            let result = attempt(&attempts.next());
            match result.as_ref().err().and_then(&undeclared) {
                Some(error) if attempts.again(error) => {}
                _ => return result,
            }
        }
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

/// What is undeclared of an error that no function declares.
#[allow(clippy::unnecessary_wraps, reason = "as `MethodError::undeclared`")]
fn itself(error: &Error) -> Option<&Error> {
    Some(error)
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
