//! Clients: the other end of [`processor`](crate::processor).
//!
//! A [`Client`] turns function calls into messages; a [`Channel`] carries whole messages and knows
//! no types. Emitted clients are a thin layer of named functions over [`Client`].

#[cfg(feature = "tokio")]
mod asynchronous;
mod backoff;
mod caller;
mod channel;
mod connect;
mod connection;
mod dialer;
mod events;
mod failures;
mod file;
mod greeting;
mod in_process;
mod message;
mod pending;
mod pool;
mod relay;
mod retry;
#[cfg(all(unix, feature = "stdio"))]
mod spawned;

pub use crate::deadline::Deadline;
pub use crate::transport::ConnectionEvent;
#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use channel::{CallOptions, Channel, Sent};
pub use pending::Pending;

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::config::RetryConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::interceptor::{End, Interceptor};
use crate::limits::Limits;
use crate::processor::{
    CallContext, DecodeResult, EncodeArguments, FieldNames, MethodError, Undeclared,
};
use crate::protocol::{MessageForm, ProtocolSet, Standard};
use crate::trace::TraceContext;
use crate::wire::MessageKind;
use caller::{Caller, end};

/// How long a call may take unless a configuration or the caller says so.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls functions of a service over a [`Channel`]. Cheap to clone; clones share the channel.
#[derive(Clone)]
pub struct Client<Set = Standard> {
    channel: Arc<dyn Channel>,
    caller: Caller<Set>,
}

impl<Set: ProtocolSet> Client<Set> {
    /// A client that speaks a protocol over a channel.
    pub fn new(channel: impl Channel + 'static, protocol: Set) -> Self {
        Self::with_caller(channel, Caller::new(protocol))
    }

    fn with_caller(channel: impl Channel + 'static, caller: Caller<Set>) -> Self {
        Self {
            channel: Arc::new(channel),
            caller,
        }
    }

    /// The same client with other limits on what replies may cost.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.caller.limits = limits;
        self
    }

    /// The same client, writing its messages in this form.
    #[must_use]
    pub fn with_form(mut self, form: MessageForm) -> Self {
        self.caller.form = form;
        self
    }

    /// The same client, whose calls may take so long each: from connecting, if that is needed, to the
    /// last byte of the reply. Default 30 seconds, or `call_ms` of the configuration.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.caller.timeout = timeout;
        self
    }

    /// The same client, whose calls have to be over by then, and within their
    /// [time-out](Self::with_timeout).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.caller.deadline = Some(deadline);
        self
    }

    /// The same client, whose calls are made again where that is safe and likely to help. Clients that
    /// are made of it have one budget with it. [`ClientConfig::retry`](crate::ClientConfig::retry)
    /// does the same.
    #[must_use]
    pub fn with_retry(mut self, config: &RetryConfig) -> Self {
        self.caller.set_retry(config);
        self
    }

    /// The same client, whose calls have a header more. Only the transports `header` and `http` carry
    /// them; over others they go nowhere. A call over `http` whose header cannot stand in the head of a
    /// request fails with the kind [`Config`](crate::ErrorKind::Config).
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.caller.set_header(name, value);
        self
    }

    /// The same client, whose calls have this place in a trace: the headers `traceparent` and
    /// `tracestate`, where the transport carries such.
    #[must_use]
    pub fn with_trace(mut self, trace: &TraceContext) -> Self {
        self.caller.set_trace(trace);
        self
    }

    /// The same client for calls that a handler makes to answer one of its own: they have to be over
    /// when that has, and are part of the same trace, unless this client has
    /// [one](Self::with_trace) already.
    ///
    /// ```
    /// # use seapink::{CallContext, Client, Error};
    /// # struct StockClient(Client);
    /// # impl StockClient {
    /// #     fn new(client: Client) -> Self { Self(client) }
    /// #     fn client(&self) -> &Client { &self.0 }
    /// #     fn count(&self, word: &str) -> Result<i32, Error> { Ok(1) }
    /// # }
    /// struct Shop {
    ///     stock: StockClient,
    /// }
    ///
    /// impl Shop {
    ///     fn has(&self, cx: &CallContext, word: String) -> Result<bool, Error> {
    ///         let stock = StockClient::new(self.stock.client().clone().under(cx));
    ///         Ok(stock.count(&word)? > 0)
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn under(mut self, cx: &CallContext) -> Self {
        self.caller.go_under(cx);
        self
    }

    /// The same client, whose calls go through an interceptor, inside those that it has already.
    /// Interceptors see a call once, however often it is made.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.caller.stack.push(interceptor);
        self
    }

    /// A client for one service of a multiplexed server, over the same channel.
    #[must_use]
    pub fn service(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.caller.service = Some(name.into());
        client
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
        self.call_with(self.caller.options(false), method, ids, arguments)
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
        let mut options = self.caller.options(false);
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
        let around = self.caller.begin(method, &mut options)?;
        let mut encode = self
            .caller
            .encoder(method, MessageKind::Call, ids, &arguments);
        let result = self.attempts(&options, |options| {
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
        let mut options = self.caller.options(false);
        let mut around = self.caller.begin(method, &mut options)?;
        let mut encode = self
            .caller
            .encoder(method, MessageKind::Call, ids, &arguments);
        match self.attempts(&options, |options| self.channel.send(options, &mut encode)) {
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
        let mut options = self.caller.options(true);
        let around = self.caller.begin(method, &mut options)?;
        let mut encode = self
            .caller
            .encoder(method, MessageKind::Oneway, ids, &arguments);
        let result = self.attempts(&options, |options| {
            self.channel
                .exchange(options, &mut encode, &mut |_, _| Ok(()))
        });
        end(around, &result);
        result
    }

    /// Makes a call, again if that is worth it.
    #[inline]
    fn attempts<T, E: Undeclared>(
        &self,
        options: &CallOptions,
        mut attempt: impl FnMut(&CallOptions) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(retry) = &self.caller.retry else {
            return attempt(options);
        };
        let mut attempts = retry.begin(options);
        loop {
            let mut result = attempt(&attempts.next());
            let Some(at) = attempts.next_at(&mut result) else {
                return result;
            };
            drop(result);
            thread::sleep(at.saturating_duration_since(Instant::now()));
        }
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
            result = Some(self.caller.decode(method, sequence_id, message)?);
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
}

impl<Set: fmt::Debug> fmt::Debug for Client<Set> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("protocol", &self.caller.protocol)
            .field("service", &self.caller.service)
            .finish_non_exhaustive()
    }
}
