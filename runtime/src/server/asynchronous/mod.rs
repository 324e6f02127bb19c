//! A server of futures, on tokio.
//!
//! ```text
//! accept ──► a task for each connection: reads, finds messages, writes answers
//!                 │ message                          ▲ answer
//!                 └──► handler: a future, or a thread ┘
//! ```
//!
//! It follows the rules of the blocking servers, with their engine, counters and time-outs. A
//! connection is one hand-written future rather than a task that reads and another that writes:
//! what each waits for depends on the other, and a connection that waits has one timer.

mod calls;
mod connection;
mod handle;
mod outlet;

pub use handle::AsyncServerHandle;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};

use crate::config::{Dispatch, ServerConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::processor::{AsyncProcessor, CallContext, Outcome, Processor, Request};
use crate::protocol::WireProtocol;
use crate::server::accept::Failures;
use crate::server::counters::Counters;
use crate::server::shared::{Settings, Shared};
use crate::transport::{Address, AsyncListener, bind_async};
use calls::{Handlers, Service};
use connection::Connection;

/// How long [`AsyncServer::run`] waits for connections that were just cut.
const CUT_GRACE: Duration = Duration::from_millis(250);

/// A server for a runtime of tokio, which has I/O and time. Needs the feature `tokio`.
///
/// Its configuration is that of [`Server`](crate::Server), where `model` and `io_threads` mean
/// nothing: its threads are the runtime's. With [`reply_order`](ServerConfig::reply_order) `any` the
/// calls of a connection run at the same time.
pub struct AsyncServer {
    listener: Box<dyn AsyncListener>,
    shared: Arc<Shared>,
    service: Arc<Service>,
    changed: Arc<Notify>,
}

impl AsyncServer {
    /// Listens at the configured address, for handlers that are futures.
    ///
    /// At most [`queue`](ServerConfig::queue) calls of all connections run at the same time; further
    /// ones are answered as [`OVERLOADED`](crate::ApplicationCode::OVERLOADED). Calls that a shutdown
    /// cuts are dropped where they wait.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub fn bind(config: &ServerConfig, processor: impl AsyncProcessor + 'static) -> Result<Self> {
        let listener = bind(config)?;
        Self::new(listener, config, Arc::new(processor))
    }

    /// Takes connections from a listener that was made elsewhere; [`ServerConfig::listen`] means
    /// nothing then.
    pub fn with_listener(
        listener: impl AsyncListener,
        config: &ServerConfig,
        processor: impl AsyncProcessor + 'static,
    ) -> Result<Self> {
        Self::new(Box::new(listener), config, Arc::new(processor))
    }

    /// Listens at the configured address, for handlers that block.
    ///
    /// They run on the runtime's threads for blocking work, at most
    /// [`workers`](ServerConfig::workers) at the same time while [`queue`](ServerConfig::queue) wait,
    /// for [`queue_ms`](crate::config::ServerTimeouts::queue_ms) at most; with
    /// [`Dispatch::Inline`], in the task of the connection, which they must not block for long.
    ///
    /// # Errors
    /// The same.
    pub fn bind_blocking(
        config: &ServerConfig,
        processor: impl Processor + 'static,
    ) -> Result<Self> {
        let listener = bind(config)?;
        Self::new_blocking(listener, config, Arc::new(processor))
    }

    /// The same with a listener that was made elsewhere.
    pub fn with_listener_blocking(
        listener: impl AsyncListener,
        config: &ServerConfig,
        processor: impl Processor + 'static,
    ) -> Result<Self> {
        Self::new_blocking(Box::new(listener), config, Arc::new(processor))
    }

    fn new(
        listener: Box<dyn AsyncListener>,
        config: &ServerConfig,
        processor: Arc<dyn AsyncProcessor>,
    ) -> Result<Self> {
        let protocols = Arc::new(Protocols(Arc::clone(&processor)));
        Self::with_handlers(listener, config, protocols, Handlers::Async(processor))
    }

    fn new_blocking(
        listener: Box<dyn AsyncListener>,
        config: &ServerConfig,
        processor: Arc<dyn Processor>,
    ) -> Result<Self> {
        let handlers = match config.dispatch {
            Dispatch::Inline => Handlers::Inline,
            Dispatch::Workers => Handlers::workers(config.workers_or_default()),
        };
        Self::with_handlers(listener, config, processor, handlers)
    }

    fn with_handlers(
        listener: Box<dyn AsyncListener>,
        config: &ServerConfig,
        processor: Arc<dyn Processor>,
        handlers: Handlers,
    ) -> Result<Self> {
        config.check_values()?;
        let listener = config.layered_async(listener)?;
        let settings = Settings::new(config, processor)?;
        let shared = Arc::new(Shared::new(settings));
        let changed = Arc::new(Notify::new());
        let notify = Arc::clone(&changed);
        shared.on_change(Arc::new(move || notify.notify_waiters()));
        let service = Service::new(handlers, config, Arc::clone(&changed));
        Ok(Self {
            listener,
            shared,
            service: Arc::new(service),
            changed,
        })
    }

    /// Where it listens. A TCP port that was configured as 0 is the one that the system chose.
    pub fn local_addr(&self) -> Address {
        self.listener.local_addr()
    }

    /// What stops it from elsewhere.
    pub fn handle(&self) -> AsyncServerHandle {
        let (shared, changed) = (Arc::clone(&self.shared), Arc::clone(&self.changed));
        AsyncServerHandle::new(shared, changed, self.local_addr())
    }

    /// Serves until it is [shut down](AsyncServerHandle::shutdown). Without that it never ends: neither
    /// a connection nor a failing `accept` ends a server.
    ///
    /// When the future is dropped, no more connections are taken, and those that there are end once
    /// they have answered what has arrived.
    ///
    /// # Errors
    /// None so far.
    pub async fn run(self) -> Result<()> {
        let Self {
            mut listener,
            shared,
            service,
            changed,
        } = self;
        let _running = shared.start();
        accept(&mut *listener, &shared, &service, &changed).await;
        drop(listener);
        let ended = || shared.open() == 0;
        until(&changed, None, || ended() || shared.is_cut()).await;
        let grace = Instant::now() + CUT_GRACE;
        until(&changed, Some(grace), ended).await;
        Ok(())
    }
}

impl fmt::Debug for AsyncServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.local_addr();
        f.debug_struct("AsyncServer")
            .field("local_addr", &address)
            .finish_non_exhaustive()
    }
}

fn bind(config: &ServerConfig) -> Result<Box<dyn AsyncListener>> {
    config.check_values()?;
    let address = config.address()?;
    if let Err(error) = Handle::try_current() {
        let text = "an async server takes a runtime of tokio, and there is none here";
        return Err(Error::new(ErrorKind::Config, text).with_source(error));
    }
    let listener = bind_async(&address, &config.tcp, config.shm.ring_bytes);
    let listener = listener.map_err(|error| config.origin.blame("server.listen", error))?;
    // With `systemd://` it is only known now.
    config.check_at(&listener.local_addr())?;
    Ok(listener)
}

/// Takes connections until the server is shut down.
async fn accept(
    listener: &mut dyn AsyncListener,
    shared: &Arc<Shared>,
    service: &Arc<Service>,
    changed: &Notify,
) {
    let mut failures = Failures::default();
    loop {
        let mut stopped = pin!(changed.notified());
        stopped.as_mut().enable();
        if !shared.is_running() {
            return;
        }
        let accepted = either(poll_fn(|cx| listener.poll_accept(cx)), stopped.as_mut()).await;
        match accepted {
            Some(Ok(stream)) => {
                failures = Failures::default();
                Connection::spawn(stream, shared, service);
            }
            Some(Err(error)) => {
                Counters::add(&shared.counters.accept_errors);
                shared.events.accept_failed(&error);
                if let Some(pause) = failures.pause(&error) {
                    either(sleep(pause), stopped).await;
                }
            }
            None => {}
        }
    }
}

/// What the first future comes to, unless the second is done before.
async fn either<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> Option<T> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => second.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Waits until something is so, or until a deadline. Whether it is so.
async fn until(changed: &Notify, deadline: Option<Instant>, is: impl Fn() -> bool) -> bool {
    loop {
        // Before looking, so that nothing is missed in between.
        let mut change = pin!(changed.notified());
        change.as_mut().enable();
        if is() {
            return true;
        }
        match deadline {
            None => change.await,
            Some(at) => {
                let late: Pin<&mut _> = pin!(sleep_until(at.into()));
                if either(change, late).await.is_none() {
                    return is();
                }
            }
        }
    }
}

/// An async processor as the engine sees it, which finds and refuses calls, and runs none.
struct Protocols(Arc<dyn AsyncProcessor>);

impl Processor for Protocols {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.0.protocols()
    }

    fn process(&self, _: &Request<'_>, _: &mut Vec<u8>, _: &mut CallContext) -> Outcome {
        unreachable!("calls of async handlers are run as futures")
    }
}
