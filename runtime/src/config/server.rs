//! How a server listens.

use std::path::Path;
use std::thread;

#[cfg(feature = "tls")]
use crate::config::ServerTls;
use crate::config::document::{self, Section};
use crate::config::origin::Origin;
#[cfg(not(feature = "tls"))]
use crate::config::without_tls;
use crate::config::{EXAMPLE, TIMEOUT_MS_MAX, WIRE_MAX, check_limits, limits};
use crate::error::Result;
use crate::limits::Limits;
use crate::transport::Transports;
#[cfg(feature = "tls")]
use crate::transport::{Listener, TlsListener};

const WORKERS_MAX: usize = 4096;
const IO_THREADS_MAX: usize = 256;
const QUEUE_MAX: usize = 1_000_000;
const CONNECTIONS_MAX: usize = 1_000_000;

/// How a server shares its work among threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Model {
    /// One connection at a time.
    Simple,
    /// A thread for each connection.
    Threaded,
    /// A fixed number of threads for any number of connections.
    #[default]
    ThreadPool,
    /// A few threads that read and write for all connections, whichever is ready.
    Nonblocking,
}

impl Model {
    const NAMED: [(&'static str, Self); 4] = [
        ("simple", Self::Simple),
        ("threaded", Self::Threaded),
        ("thread-pool", Self::ThreadPool),
        ("nonblocking", Self::Nonblocking),
    ];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Threaded => "threaded",
            Self::ThreadPool => "thread-pool",
            Self::Nonblocking => "nonblocking",
        }
    }
}

/// Which threads of the model [`Nonblocking`](Model::Nonblocking) call the handlers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dispatch {
    /// Threads of their own, so that a slow handler keeps nobody from being read.
    #[default]
    Workers,
    /// Those that read and write: the fastest for handlers that never wait.
    Inline,
}

impl Dispatch {
    const NAMED: [(&'static str, Self); 2] = [("workers", Self::Workers), ("inline", Self::Inline)];
}

/// How a server listens, shares its work, and bounds what it spends.
///
/// By builder, or from the section `[server]` of a TOML file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// `tcp://host:port`, `unix:///path` or `abstract://name`.
    pub listen: String,
    /// Default [`Model::ThreadPool`].
    pub model: Model,
    /// The name of a transport: `framed` (the default), `buffered`, or one of
    /// [`transports`](Self::transports).
    pub transport: String,
    /// The name of one of the processor's protocols. Default `binary`.
    pub protocol: String,
    /// Threads for handlers, 1 to 4096, with the models `thread-pool` and `nonblocking`. By default
    /// two for each processor, and at least 8.
    pub workers: Option<usize>,
    /// Connections with calls that wait for a worker, 1 to 1 000 000. While so many wait, the model
    /// `thread-pool` refuses new connections, and `nonblocking` answers calls with an application
    /// exception. Default 1024.
    pub queue: Option<usize>,
    /// Threads of the model `nonblocking` that read and write, 1 to 256. By default one for each
    /// processor, and at most 4.
    pub io_threads: Option<usize>,
    /// Which threads of the model `nonblocking` call the handlers. Default [`Dispatch::Workers`].
    pub dispatch: Dispatch,
    /// Connections at the same time, 1 to 1 000 000. Those over it are refused. Default 10 000.
    pub connections_max: usize,
    /// Whether binary messages with the old head, which has no version, are refused. Default
    /// `false`, as in Apache's libraries.
    pub strict_read: bool,
    /// What a message may cost.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: ServerTimeouts,
    /// The transports to choose from. Default [`Transports::standard`].
    pub transports: Transports,
    /// Encrypts connections, and says by which certificates. Default: no TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<ServerTls>,
    pub(crate) origin: Origin,
}

/// How long a server waits, in milliseconds, from 1 to 86 400 000 (a day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerTimeouts {
    /// For the next message of a connection. Default 600 000 (10 minutes).
    pub idle_ms: u64,
    /// For a new connection to agree on how to speak, where its transport has to: TLS. Default
    /// 10 000.
    pub handshake_ms: u64,
    /// From the first byte of a message to its last, however many arrive between. Default 10 000.
    pub read_ms: u64,
    /// For the peer to take a batch of replies. Default 30 000.
    pub write_ms: u64,
    /// For calls to finish in [`ServerHandle::drain`](crate::server::ServerHandle::drain). Default
    /// 30 000.
    pub drain_ms: u64,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        Self {
            idle_ms: 600_000,
            handshake_ms: 10_000,
            read_ms: 10_000,
            write_ms: 30_000,
            drain_ms: 30_000,
        }
    }
}

impl ServerConfig {
    /// The defaults, at an address.
    pub fn new(listen: impl Into<String>) -> Self {
        Self {
            listen: listen.into(),
            ..Self::default()
        }
    }

    /// Reads the section `[server]` of a TOML file.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config), with file, line and key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        document::from_file(path.as_ref(), Self::parse)
    }

    /// The same for a text.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, None)
    }

    fn parse(text: &str, file: Option<String>) -> Result<Self> {
        let (mut config, origin) = document::read(text, file, "server", Self::read)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut config.tls {
            tls.resolve(&origin);
        }
        config.origin = origin;
        config.check()?;
        Ok(config)
    }

    fn read(section: &mut Section<'_>) -> Result<Self> {
        let mut config = Self::default();
        section.required("listen", EXAMPLE, &mut config.listen)?;
        section.choice("model", &Model::NAMED, &mut config.model, &[])?;
        section.string("transport", &mut config.transport)?;
        section.string("protocol", &mut config.protocol)?;
        section.optional("workers", 1..=WORKERS_MAX, &mut config.workers)?;
        section.optional("queue", 1..=QUEUE_MAX, &mut config.queue)?;
        section.optional("io_threads", 1..=IO_THREADS_MAX, &mut config.io_threads)?;
        section.choice("dispatch", &Dispatch::NAMED, &mut config.dispatch, &[])?;
        section.number(
            "connections_max",
            1..=CONNECTIONS_MAX,
            &mut config.connections_max,
        )?;
        section.flag("strict_read", &mut config.strict_read)?;
        config.limits = limits(section.section("server.limits")?)?;
        config.timeouts = ServerTimeouts::read(section.section("server.timeouts")?)?;
        #[cfg(feature = "tls")]
        {
            config.tls = ServerTls::read(section.section("server.tls")?)?;
        }
        #[cfg(not(feature = "tls"))]
        without_tls(section, "server.tls")?;
        Ok(config)
    }

    /// Refuses what a builder can get wrong as well as a file.
    pub(crate) fn check(&self) -> Result<()> {
        let origin = &self.origin;
        let range = |key: &str, value: usize, max: usize| match value {
            1.. if value <= max => Ok(()),
            _ => {
                let text = format!("must be a number from 1 to {max}, not {value}");
                Err(origin.error(key, text))
            }
        };
        range("server.workers", self.workers.unwrap_or(1), WORKERS_MAX)?;
        range("server.queue", self.queue.unwrap_or(1), QUEUE_MAX)?;
        let io_threads = self.io_threads.unwrap_or(1);
        range("server.io_threads", io_threads, IO_THREADS_MAX)?;
        range(
            "server.connections_max",
            self.connections_max,
            CONNECTIONS_MAX,
        )?;
        check_limits(&self.limits, "server.limits", origin)?;
        if self.transport == "framed" {
            range(
                "server.limits.frame_bytes_max",
                self.limits.frame_bytes_max,
                WIRE_MAX,
            )?;
        }
        let ServerTimeouts {
            idle_ms,
            handshake_ms,
            read_ms,
            write_ms,
            drain_ms,
        } = self.timeouts;
        origin.check_ms("server.timeouts.idle_ms", idle_ms)?;
        origin.check_ms("server.timeouts.handshake_ms", handshake_ms)?;
        origin.check_ms("server.timeouts.read_ms", read_ms)?;
        origin.check_ms("server.timeouts.write_ms", write_ms)?;
        origin.check_ms("server.timeouts.drain_ms", drain_ms)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.check(origin)?;
        }
        self.check_model()
    }

    fn check_model(&self) -> Result<()> {
        let model = self.model.name();
        let nonblocking = self.model == Model::Nonblocking;
        let pool = [("workers", self.workers), ("queue", self.queue)];
        for (key, _) in pool.into_iter().filter(|(_, given)| given.is_some()) {
            let key = format!("server.{key}");
            if nonblocking && self.dispatch == Dispatch::Inline {
                let text = "with dispatch = \"inline\" there are no workers";
                return Err(self.origin.error(&key, text));
            }
            if !nonblocking && self.model != Model::ThreadPool {
                let text = format!(
                    "only the models `thread-pool` and `nonblocking` have workers, and the model is \
                     `{model}`"
                );
                return Err(self.origin.error(&key, text));
            }
        }
        let dispatch = self.dispatch != Dispatch::default() || self.origin.has("server.dispatch");
        let threads = [
            ("server.io_threads", self.io_threads.is_some()),
            ("server.dispatch", dispatch),
        ];
        if let Some((key, _)) = threads.into_iter().find(|(_, given)| *given)
            && !nonblocking
        {
            let text = format!(
                "this is for the model `nonblocking`, and the model is `{model}`; write `model = \"nonblocking\"`"
            );
            return Err(self.origin.error(key, text));
        }
        if self.model == Model::Simple && self.origin.has("server.connections_max") {
            let text = "the model `simple` serves one connection at a time";
            return Err(self.origin.error("server.connections_max", text));
        }
        Ok(())
    }

    /// The listener with TLS around it, if that is configured.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    #[cfg(feature = "tls")]
    pub(crate) fn secured(&self, listener: Box<dyn Listener>) -> Result<Box<dyn Listener>> {
        let Some(tls) = &self.tls else {
            return Ok(listener);
        };
        Ok(Box::new(TlsListener::new(
            listener,
            tls.load(&self.origin)?,
        )))
    }

    pub(crate) fn workers_or_default(&self) -> usize {
        self.workers.unwrap_or_else(|| {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            (2 * processors).clamp(8, WORKERS_MAX)
        })
    }

    pub(crate) fn io_threads_or_default(&self) -> usize {
        self.io_threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, |n| n.get().min(4)))
    }

    pub(crate) fn queue_or_default(&self) -> usize {
        self.queue.unwrap_or(1024)
    }

    /// The same with another [`model`](Self::model).
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.model = model;
        self
    }

    /// The same with another [`transport`](Self::transport).
    #[must_use]
    pub fn transport(mut self, name: impl Into<String>) -> Self {
        self.transport = name.into();
        self
    }

    /// The same with another [`protocol`](Self::protocol).
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocol = name.into();
        self
    }

    /// The same with another number of [`workers`](Self::workers).
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// The same with another length of the [`queue`](Self::queue).
    #[must_use]
    pub fn queue(mut self, connections: usize) -> Self {
        self.queue = Some(connections);
        self
    }

    /// The same with another number of [`io_threads`](Self::io_threads).
    #[must_use]
    pub fn io_threads(mut self, threads: usize) -> Self {
        self.io_threads = Some(threads);
        self
    }

    /// The same with another [`dispatch`](Self::dispatch).
    #[must_use]
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = dispatch;
        self
    }

    /// The same with another [`connections_max`](Self::connections_max).
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// The same with another [`strict_read`](Self::strict_read).
    #[must_use]
    pub fn strict_read(mut self, strict: bool) -> Self {
        self.strict_read = strict;
        self
    }

    /// The same with other [`limits`](Self::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with other [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn timeouts(mut self, timeouts: ServerTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The same with [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The same with other [`transports`](Self::transports) to choose from.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: "tcp://127.0.0.1:9090".to_owned(),
            model: Model::default(),
            transport: "framed".to_owned(),
            protocol: "binary".to_owned(),
            workers: None,
            queue: None,
            io_threads: None,
            dispatch: Dispatch::default(),
            connections_max: 10_000,
            strict_read: false,
            limits: Limits::default(),
            timeouts: ServerTimeouts::default(),
            transports: Transports::standard(),
            #[cfg(feature = "tls")]
            tls: None,
            origin: Origin::default(),
        }
    }
}

impl ServerTimeouts {
    fn read(mut section: Section<'_>) -> Result<Self> {
        let mut timeouts = Self::default();
        let range = || 1..=TIMEOUT_MS_MAX;
        section.number("idle_ms", range(), &mut timeouts.idle_ms)?;
        section.number("handshake_ms", range(), &mut timeouts.handshake_ms)?;
        section.number("read_ms", range(), &mut timeouts.read_ms)?;
        section.number("write_ms", range(), &mut timeouts.write_ms)?;
        section.number("drain_ms", range(), &mut timeouts.drain_ms)?;
        section.finish()?;
        Ok(timeouts)
    }

    /// The same with another [`idle_ms`](Self::idle_ms).
    #[must_use]
    pub fn idle_ms(mut self, ms: u64) -> Self {
        self.idle_ms = ms;
        self
    }

    /// The same with another [`handshake_ms`](Self::handshake_ms).
    #[must_use]
    pub fn handshake_ms(mut self, ms: u64) -> Self {
        self.handshake_ms = ms;
        self
    }

    /// The same with another [`read_ms`](Self::read_ms).
    #[must_use]
    pub fn read_ms(mut self, ms: u64) -> Self {
        self.read_ms = ms;
        self
    }

    /// The same with another [`write_ms`](Self::write_ms).
    #[must_use]
    pub fn write_ms(mut self, ms: u64) -> Self {
        self.write_ms = ms;
        self
    }

    /// The same with another [`drain_ms`](Self::drain_ms).
    #[must_use]
    pub fn drain_ms(mut self, ms: u64) -> Self {
        self.drain_ms = ms;
        self
    }
}
