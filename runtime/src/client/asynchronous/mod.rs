//! A client whose calls are futures, on tokio.
//!
//! ```text
//! call ──► slot, bytes appended ──► driver's task: writes for all, reads for all
//!                                      │
//!           own task: decode ◄── woken ┘ with the reply that has its sequence id
//! ```
//!
//! Each connection has a task of its own, the driver. Why doesn't one of the calls read for all, as with
//! threads? Because a thread that waits for its reply runs as soon as there is something to read, but
//! a future runs only when somebody polls it: a call that is left unpolled, in a `select!` or behind
//! another `await`, would keep the replies of all others.
//!
//! A call that is dropped gives its reply up, not the connection: the slot stays taken until the reply
//! comes, which nobody reads. If nothing at all comes until the deadline of the call, the connection is
//! taken for dead.

mod connection;
mod dial;
mod driver;
mod in_flight;
mod link;
mod owner;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::caller::{Caller, end};
use super::retry::Attempts;
use crate::client::CallOptions;
use crate::config::{ClientConfig, RetryConfig};
use crate::error::{Delivery, Result};
use crate::interceptor::Interceptor;
use crate::limits::Limits;
use crate::processor::{
    CallContext, DecodeResult, EncodeArguments, FieldNames, MethodError, Undeclared,
};
use crate::protocol::{ProtocolSet, Standard};
use crate::trace::TraceContext;
use crate::transport::{Address, AsyncStream};
use crate::wire::MessageKind;
use dial::Dialer;
use owner::Owner;

/// Calls functions of a service from async code, over one connection with many calls in flight. Needs
/// the feature `tokio`.
///
/// Cheap to clone; clones share the connection, which closes when the last of them is dropped. A call
/// is a future that does nothing until it is polled, and that may be dropped at any time; one that was
/// sent may still be run by the server. It takes a runtime of tokio with I/O and time, to which the
/// connection belongs that the call makes.
#[derive(Clone)]
pub struct AsyncClient<Set = Standard> {
    owner: Arc<Owner>,
    caller: Caller<Set>,
}

impl<Set: ProtocolSet> AsyncClient<Set> {
    /// Connects to the configured address.
    ///
    /// Everything is as with the blocking [`Client::connect`](crate::Client::connect), but
    /// [`pool`](ClientConfig::pool): there is one connection.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub async fn connect(config: &ClientConfig) -> Result<Self> {
        let address = config.address()?;
        let (address, tcp) = (Arc::new(address), config.tcp);
        let to = Arc::clone(&address);
        let time = Duration::from_millis(config.timeouts.connect_ms);
        let connect = move || -> dial::Connecting {
            let address = Arc::clone(&address);
            Box::pin(async move { dial::connect(&address, &tcp, time).await })
        };
        Self::reconnecting(Box::new(connect), Some(&to), config).await
    }

    /// The same for connections that a function makes; [`ClientConfig::connect`] means nothing then. It
    /// is given up after [`connect_ms`](crate::config::ClientTimeouts::connect_ms).
    pub async fn with_connector<F, C>(connect: F, config: &ClientConfig) -> Result<Self>
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<AsyncStream>> + Send + 'static,
    {
        let connect = move || -> dial::Connecting { Box::pin(connect()) };
        Self::reconnecting(Box::new(connect), None, config).await
    }

    /// `address` is where the function connects to, if it has one.
    async fn reconnecting(
        connect: dial::Connect,
        address: Option<&Address>,
        config: &ClientConfig,
    ) -> Result<Self> {
        let client = Self::new(connect, address, config, true)?;
        client.owner.connect().await?;
        Ok(client)
    }

    /// A client over a stream that is connected already. When it has ended, calls fail with
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn over(stream: impl Into<AsyncStream>, config: &ClientConfig) -> Result<Self> {
        Self::new(dial::once(stream.into()), None, config, false)
    }

    fn new(
        connect: dial::Connect,
        address: Option<&Address>,
        config: &ClientConfig,
        again: bool,
    ) -> Result<Self> {
        let (caller, wire) = Caller::configured(config)?;
        let sides = config.sides(address)?.into_iter();
        let connect = sides.fold(connect, dial::layered);
        if config.pool.is_some() {
            let text = "an async client has one connection, which its calls share";
            return Err(config.origin.error("client.pool", text));
        }
        let dialer = Dialer::new(connect, wire, config, address, again)?;
        let owner = Owner::new(dialer, config.in_flight_max, config.reply_order);
        let owner = Arc::new(owner);
        Ok(Self { owner, caller })
    }

    /// The same client with other limits on what replies may cost.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.caller.limits = limits;
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

    /// The same client, whose calls are made again where that is safe and likely to help, as with the
    /// blocking client.
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

    /// The same client, whose calls have this place in a trace, as with the blocking client.
    #[must_use]
    pub fn with_trace(mut self, trace: &TraceContext) -> Self {
        self.caller.set_trace(trace);
        self
    }

    /// The same client for calls that a handler makes to answer one of its own: they have to be over
    /// when that has, and are part of the same trace, unless this client has
    /// [one](Self::with_trace) already.
    #[must_use]
    pub fn under(mut self, cx: &CallContext) -> Self {
        self.caller.go_under(cx);
        self
    }

    /// The same client, whose calls go through an interceptor, inside those that it has already. It is
    /// called in the task of the call, which it must not block.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.caller.stack.push(interceptor);
        self
    }

    /// A client for one service of a multiplexed server, over the same connection.
    #[must_use]
    pub fn service(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.caller.service = Some(name.into());
        client
    }

    /// Calls a function. Its errors are those that it declares, and everything else as `Other`.
    pub async fn call<'v, A, T, E>(
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
        let options = self.caller.options(false);
        self.call_with(options, method, ids, arguments).await
    }

    /// The same for a function that the server may run more than once.
    pub async fn call_idempotent<'v, A, T, E>(
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
        self.call_with(options, method, ids, arguments).await
    }

    async fn call_with<'v, A, T, E>(
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
        let call = MessageKind::Call;
        let mut encode = self.caller.encoder(method, call, ids, &arguments);
        let mut attempts = self.caller.attempts(&options);
        let result = loop {
            let options = attempts
                .as_mut()
                .map_or_else(|| options.clone(), Attempts::next);
            let mut result = self.once(&options, method, &mut encode).await;
            let Some(at) = next_at(&mut attempts, &mut result) else {
                break result;
            };
            drop(result);
            sleep_until(at.into()).await;
        };
        end(around, &result);
        result
    }

    async fn once<T, E>(
        &self,
        options: &CallOptions,
        method: &'static str,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<T, E>
    where
        T: for<'de> DecodeResult<'de>,
        E: MethodError,
    {
        let reply = self.owner.exchange(options, encode).await?;
        let decoded = self
            .caller
            .decode(method, reply.sequence_id, &reply.message);
        self.owner.done_with(reply, decoded.as_ref().err());
        decoded.map_err(|error| error.with_delivery(Delivery::Sent))?
    }

    /// Calls a oneway function: is done once the message is handed to the system.
    pub async fn oneway<'v, A>(
        &self,
        method: &'static str,
        ids: FieldNames,
        arguments: A,
    ) -> Result<()>
    where
        A: EncodeArguments<'v>,
    {
        let mut options = self.caller.options(true);
        let around = self.caller.begin(method, &mut options)?;
        let oneway = MessageKind::Oneway;
        let mut encode = self.caller.encoder(method, oneway, ids, &arguments);
        let mut attempts = self.caller.attempts(&options);
        let result = loop {
            let options = attempts
                .as_mut()
                .map_or_else(|| options.clone(), Attempts::next);
            let mut result = self.owner.send(&options, &mut encode).await;
            let Some(at) = next_at(&mut attempts, &mut result) else {
                break result;
            };
            sleep_until(at.into()).await;
        };
        end(around, &result);
        result
    }
}

/// When a call is to be made again that has failed, if it is.
fn next_at<T, E: Undeclared>(
    attempts: &mut Option<Attempts<'_>>,
    result: &mut Result<T, E>,
) -> Option<Instant> {
    attempts.as_mut()?.next_at(result)
}

impl<Set: fmt::Debug> fmt::Debug for AsyncClient<Set> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncClient")
            .field("protocol", &self.caller.protocol)
            .field("service", &self.caller.service)
            .finish_non_exhaustive()
    }
}
