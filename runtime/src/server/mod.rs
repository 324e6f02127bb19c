//! Servers: a processor, an address, and one of several models for sharing the work.
//!
//! Every model runs the same loop for a connection (`connection.rs`), which feeds the bytes it reads
//! to the same engine (`engine.rs`); a model only decides which thread does so, and when. Nothing
//! that happens on one connection reaches the loop that accepts connections. Datagrams have a loop of
//! their own (`datagrams/`), and the same end.

mod accept;
#[cfg(feature = "tokio")]
mod asynchronous;
mod batch;
mod call;
mod connection;
mod counters;
mod datagrams;
mod end;
mod engine;
mod events;
mod handle;
mod nonblocking;
mod pace;
mod parking;
mod queue;
mod record;
mod refusal;
mod replay;
mod selection;
mod shared;
#[cfg(all(unix, feature = "signals"))]
mod signals;
mod simple;
mod thread_pool;
mod threaded;
mod whole;

#[cfg(feature = "tokio")]
pub use asynchronous::{AsyncServer, AsyncServerHandle};
pub use counters::ServerStats;
pub use datagrams::DatagramFault;
pub(crate) use handle::WeakHandle;
pub use handle::{ServerHandle, ShutdownReport};
pub use record::{Record, RecordOptions, RecordStats, RecordedCall, Recording};
pub use replay::{FileProcessor, Replayed};

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::config::{Dispatch, Model, ReplyOrder, ServerConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::processor::Processor;
use crate::transport::{Address, DatagramSocket, Listener, Source, bind};
use shared::{Settings, Shared};

/// How long [`Server::run`] waits for threads that have just lost their connections.
const CUT_GRACE: Duration = Duration::from_millis(250);

/// A server that listens, and serves once it is [run](Self::run).
///
/// Dropping it without running it gives the address back.
pub struct Server {
    source: Source,
    model: Model,
    pools: Pools,
    shared: Arc<Shared>,
}

/// The threads that a model may start.
#[derive(Clone, Copy)]
struct Pools {
    workers: usize,
    queue: usize,
    io_threads: usize,
    dispatch: Dispatch,
    reply_order: ReplyOrder,
}

impl Server {
    /// Listens at the configured address. Connections wait there until the server is run.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub fn bind(config: &ServerConfig, processor: impl Processor + 'static) -> Result<Self> {
        config.check()?;
        let source = bind(&config.address()?, &config.tcp, config.shm.ring_bytes);
        let source = source.map_err(|error| config.origin.blame("server.listen", error))?;
        // With `systemd://` it is only known now.
        config.check_at(&source.local_addr())?;
        Self::new(source, config, Arc::new(processor))
    }

    /// Takes connections from a listener that was made elsewhere; [`ServerConfig::listen`] means
    /// nothing then.
    pub fn with_listener(
        listener: impl Listener + 'static,
        config: &ServerConfig,
        processor: impl Processor + 'static,
    ) -> Result<Self> {
        config.check()?;
        let source = Source::Connections(Box::new(listener));
        Self::new(source, config, Arc::new(processor))
    }

    fn new(source: Source, config: &ServerConfig, processor: Arc<dyn Processor>) -> Result<Self> {
        let source = match source {
            Source::Connections(listener) => Source::Connections(config.layered(listener)?),
            Source::Datagrams(socket) => Source::Datagrams(prepared(socket, config)?),
        };
        let settings = Settings::new(config, processor)?;
        let shared = Arc::new(Shared::new(settings));
        shared.on_change(source.waker());
        Ok(Self {
            source,
            model: config.model,
            pools: Pools {
                workers: config.workers_or_default(),
                queue: config.queue_or_default(),
                io_threads: config.io_threads_or_default(),
                dispatch: config.dispatch,
                reply_order: config.reply_order,
            },
            shared,
        })
    }

    /// Where it listens. A TCP port that was configured as 0 is the one that the system chose.
    pub fn local_addr(&self) -> Address {
        self.source.local_addr()
    }

    /// What stops it from another thread.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle::new(Arc::clone(&self.shared), self.local_addr())
    }

    /// Serves until it is [shut down](ServerHandle::shutdown). Without that it never returns:
    /// neither a connection nor a failing `accept` ends a server.
    ///
    /// # Errors
    /// When the system has no threads for it.
    pub fn run(self) -> Result<()> {
        let Self {
            source,
            model,
            pools,
            shared,
        } = self;
        let running = shared.start();
        let inner = Arc::clone(&shared);
        let thread = spawn("seapink-accept", move || {
            let shared = inner;
            let result = match source {
                Source::Connections(listener) => accept(&shared, listener, model, pools),
                Source::Datagrams(socket) => datagrams::run(&shared, socket, model, pools),
            };
            drop(running);
            result
        })?;
        if shared.wait_until_cut() && !shared.wait_for(CUT_GRACE) {
            // Some handler does not return. Its thread is left behind.
            return Ok(());
        }
        join(thread)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

fn accept(
    shared: &Arc<Shared>,
    listener: Box<dyn Listener>,
    model: Model,
    pools: Pools,
) -> Result<()> {
    match model {
        Model::Simple => simple::run(shared, listener),
        Model::Threaded => threaded::run(shared, listener),
        Model::ThreadPool => thread_pool::run(shared, listener, pools),
        Model::Nonblocking => nonblocking::run(shared, listener, pools),
    }
}

/// As the configuration wants it.
fn prepared(socket: DatagramSocket, config: &ServerConfig) -> Result<DatagramSocket> {
    if let Some(bytes) = config.udp.receive_buffer_bytes {
        let set = socket.set_receive_buffer(bytes).map_err(Error::from);
        set.map_err(|error| {
            config
                .origin
                .blame("server.udp.receive_buffer_bytes", error)
        })?;
    }
    Ok(socket)
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|error: io::Error| {
        let text = format!("the system has no thread for {name}: {error}");
        Error::new(ErrorKind::Io, text).with_source(error)
    })
}

fn join(thread: JoinHandle<Result<()>>) -> Result<()> {
    let panicked = || Error::new(ErrorKind::Handler, "a thread of the server panicked");
    thread.join().unwrap_or_else(|_| Err(panicked()))
}

/// Waits for the threads of a model, which end when the last connection has, or is cut. A thread with
/// a handler that does not return is left behind.
fn join_all(shared: &Shared, threads: Vec<JoinHandle<()>>) {
    if shared.wait_for_connections() {
        for thread in threads {
            let _ = thread.join();
        }
    }
}
