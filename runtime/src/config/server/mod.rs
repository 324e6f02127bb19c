//! How a server listens.

mod check;
mod model;
mod timeouts;

pub use model::{Dispatch, Model};
pub use timeouts::ServerTimeouts;

use std::path::Path;
use std::thread;

#[cfg(feature = "tls")]
use crate::config::ServerTls;
use crate::config::document::{self, Section};
use crate::config::origin::Origin;
use crate::config::udp::usual_transport;
#[cfg(not(feature = "tls"))]
use crate::config::without_tls;
use crate::config::{
    EXAMPLE, ReplyOrder, ServerHttp, ServerSasl, ServerShm, ServerUdp, ServerWebSocket, limits, tcp,
};
use crate::error::Result;
use crate::limits::Limits;
#[cfg(feature = "tokio")]
use crate::transport::{AsyncLayerListener, AsyncListener};
use crate::transport::{LayerListener, Listener, TcpOptions, Transports};

const WORKERS_MAX: usize = 4096;
const IO_THREADS_MAX: usize = 256;
const QUEUE_MAX: usize = 1_000_000;
const CONNECTIONS_MAX: usize = 1_000_000;
const IN_FLIGHT_MAX: usize = 65_536;

/// How a server listens, shares its work, and bounds what it spends.
///
/// By builder, or from the section `[server]` of a TOML file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// `tcp://host:port`, `udp://host:port`, `unix:///path`, `abstract://name`, or `systemd://` for a
    /// socket that systemd has passed; `shm:///path` with the feature `shm`, and `stdio://` with the
    /// feature `stdio`.
    pub listen: String,
    /// Default [`Model::ThreadPool`].
    pub model: Model,
    /// The name of a transport: `framed` (the default), `buffered` (the default at `udp://`), or one of
    /// [`transports`](Self::transports); or `auto` for whichever of them the first bytes of a
    /// connection show.
    pub transport: String,
    /// The name of one of the processor's protocols, default `binary`; or `auto` for whichever of
    /// them the first bytes of a connection show.
    pub protocol: String,
    /// Threads for handlers, 1 to 4096, with the models `thread-pool` and `nonblocking`. By default
    /// two for each processor, and at least 8.
    pub workers: Option<usize>,
    /// How many may wait for a worker, 1 to 1 000 000: connections with calls or, with
    /// [`reply_order`](Self::reply_order) `any`, calls. While so many wait, further calls are answered
    /// at once with an application exception, code
    /// [`OVERLOADED`](crate::ApplicationCode::OVERLOADED). Default 1024.
    pub queue: Option<usize>,
    /// Threads of the model `nonblocking` that read and write, 1 to 256. By default one for each
    /// processor, and at most 4.
    pub io_threads: Option<usize>,
    /// Which threads of the model `nonblocking` call the handlers. Default [`Dispatch::Workers`].
    pub dispatch: Dispatch,
    /// In which order the calls of one connection are run and answered. With
    /// [`Sent`](ReplyOrder::Sent), the default, one after the other. With [`Any`](ReplyOrder::Any),
    /// which takes the model `nonblocking` with workers, at the same time, each answered when it is
    /// done: for clients that tell replies by their sequence ids, as Seapink's do.
    pub reply_order: ReplyOrder,
    /// Connections at the same time, 1 to 1 000 000. Those over it are refused. Default 10 000.
    pub connections_max: usize,
    /// Connections at the same time from one IP address, 1 to 1 000 000. Default: no such bound.
    pub connections_per_address_max: Option<usize>,
    /// With [`Any`](ReplyOrder::Any), calls of one connection that run at the same time; with
    /// [`Sent`](ReplyOrder::Sent), calls that are answered before the answers are written. At so many
    /// no more begin for now, 1 to 65 536. Default 64.
    pub in_flight_max: usize,
    /// Whether binary messages with the old head, which has no version, are refused. Default
    /// `false`, as in Apache's libraries.
    pub strict_read: bool,
    /// What a message may cost.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: ServerTimeouts,
    /// What the system is told of TCP connections.
    pub tcp: TcpOptions,
    /// How datagrams are taken, at an address of UDP.
    pub udp: ServerUdp,
    /// Which requests are taken, with the transport `http`.
    pub http: ServerHttp,
    /// Which connections are taken, with the transport `websocket`.
    pub websocket: ServerWebSocket,
    /// Whom it lets in, with the transport `sasl`. Only by code. Default `None`.
    pub sasl: Option<ServerSasl>,
    /// How memory is shared, at an address `shm:///path`.
    pub shm: ServerShm,
    /// The transports to choose from. Default [`Transports::standard`].
    pub transports: Transports,
    /// Encrypts connections, and says by which certificates. Default: no TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<ServerTls>,
    pub(crate) origin: Origin,
}

impl ServerConfig {
    /// The defaults, at an address.
    pub fn new(listen: impl Into<String>) -> Self {
        let listen = listen.into();
        Self {
            transport: usual_transport(&listen).to_owned(),
            listen,
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
        if !section.string("transport", &mut config.transport)? {
            usual_transport(&config.listen).clone_into(&mut config.transport);
        }
        section.string("protocol", &mut config.protocol)?;
        section.optional("workers", 1..=WORKERS_MAX, &mut config.workers)?;
        section.optional("queue", 1..=QUEUE_MAX, &mut config.queue)?;
        section.optional("io_threads", 1..=IO_THREADS_MAX, &mut config.io_threads)?;
        section.choice("dispatch", &Dispatch::NAMED, &mut config.dispatch, &[])?;
        section.choice(
            "reply_order",
            &ReplyOrder::NAMED,
            &mut config.reply_order,
            &[],
        )?;
        let connections = || 1..=CONNECTIONS_MAX;
        section.number(
            "connections_max",
            connections(),
            &mut config.connections_max,
        )?;
        section.optional(
            "connections_per_address_max",
            connections(),
            &mut config.connections_per_address_max,
        )?;
        section.number(
            "in_flight_max",
            1..=IN_FLIGHT_MAX,
            &mut config.in_flight_max,
        )?;
        section.flag("strict_read", &mut config.strict_read)?;
        config.limits = limits::read(section.section("server.limits")?)?;
        config.timeouts = ServerTimeouts::read(section.section("server.timeouts")?)?;
        config.tcp = tcp::read(section.section("server.tcp")?)?;
        config.udp = ServerUdp::read(section.section("server.udp")?)?;
        config.http = ServerHttp::read(section.section("server.http")?)?;
        config.websocket = ServerWebSocket::read(section.section("server.websocket")?)?;
        section.refuse(
            "sasl",
            "who is let in is said by code, with `ServerConfig::sasl`",
        )?;
        config.shm = ServerShm::read(section.section("server.shm")?)?;
        #[cfg(feature = "tls")]
        {
            config.tls = ServerTls::read(section.section("server.tls")?)?;
        }
        #[cfg(not(feature = "tls"))]
        without_tls(section, "server.tls")?;
        Ok(config)
    }

    /// The listener with everything around its streams that is configured.
    ///
    /// # Errors
    /// When a file cannot be read, or holds something else.
    pub(crate) fn layered(&self, listener: Box<dyn Listener>) -> Result<Box<dyn Listener>> {
        Ok(self.sides()?.into_iter().fold(listener, |below, side| {
            Box::new(LayerListener::new(below, side))
        }))
    }

    /// The same for one that does not block.
    #[cfg(feature = "tokio")]
    pub(crate) fn layered_async(
        &self,
        listener: Box<dyn AsyncListener>,
    ) -> Result<Box<dyn AsyncListener>> {
        Ok(self.sides()?.into_iter().fold(listener, |below, side| {
            Box::new(AsyncLayerListener::new(below, side))
        }))
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
        self.origin.set_in_code("server.model");
        self.model = model;
        self
    }

    /// The same with another [`transport`](Self::transport).
    #[must_use]
    pub fn transport(mut self, name: impl Into<String>) -> Self {
        self.origin.set_in_code("server.transport");
        self.transport = name.into();
        self
    }

    /// The same with another [`protocol`](Self::protocol).
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.origin.set_in_code("server.protocol");
        self.protocol = name.into();
        self
    }

    /// The same with another number of [`workers`](Self::workers).
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.origin.set_in_code("server.workers");
        self.workers = Some(workers);
        self
    }

    /// The same with another length of the [`queue`](Self::queue).
    #[must_use]
    pub fn queue(mut self, calls: usize) -> Self {
        self.origin.set_in_code("server.queue");
        self.queue = Some(calls);
        self
    }

    /// The same with another number of [`io_threads`](Self::io_threads).
    #[must_use]
    pub fn io_threads(mut self, threads: usize) -> Self {
        self.origin.set_in_code("server.io_threads");
        self.io_threads = Some(threads);
        self
    }

    /// The same with another [`dispatch`](Self::dispatch).
    #[must_use]
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.origin.set_in_code("server.dispatch");
        self.dispatch = dispatch;
        self
    }

    /// The same with another [`connections_max`](Self::connections_max).
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> Self {
        self.origin.set_in_code("server.connections_max");
        self.connections_max = connections;
        self
    }

    /// The same with another [`reply_order`](Self::reply_order).
    #[must_use]
    pub fn reply_order(mut self, order: ReplyOrder) -> Self {
        self.origin.set_in_code("server.reply_order");
        self.reply_order = order;
        self
    }

    /// The same with a bound on [connections of one
    /// address](Self::connections_per_address_max).
    #[must_use]
    pub fn connections_per_address_max(mut self, connections: usize) -> Self {
        self.origin
            .set_in_code("server.connections_per_address_max");
        self.connections_per_address_max = Some(connections);
        self
    }

    /// The same with another [`in_flight_max`](Self::in_flight_max).
    #[must_use]
    pub fn in_flight_max(mut self, calls: usize) -> Self {
        self.origin.set_in_code("server.in_flight_max");
        self.in_flight_max = calls;
        self
    }

    /// The same with another [`strict_read`](Self::strict_read).
    #[must_use]
    pub fn strict_read(mut self, strict: bool) -> Self {
        self.origin.set_in_code("server.strict_read");
        self.strict_read = strict;
        self
    }

    /// The same with other [`limits`](Self::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.origin.set_in_code("server.limits");
        self.limits = limits;
        self
    }

    /// The same with other [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn timeouts(mut self, timeouts: ServerTimeouts) -> Self {
        self.origin.set_in_code("server.timeouts");
        self.timeouts = timeouts;
        self
    }

    /// The same with other [`tcp`](Self::tcp) options.
    #[must_use]
    pub fn tcp(mut self, options: TcpOptions) -> Self {
        self.origin.set_in_code("server.tcp");
        self.tcp = options;
        self
    }

    /// The same with other [`udp`](Self::udp) options.
    #[must_use]
    pub fn udp(mut self, udp: ServerUdp) -> Self {
        self.origin.set_in_code("server.udp");
        self.udp = udp;
        self
    }

    /// The same with [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.origin.set_in_code("server.tls");
        self.tls = Some(tls);
        self
    }

    /// The same for other [`http`](Self::http) requests.
    #[must_use]
    pub fn http(mut self, http: ServerHttp) -> Self {
        self.origin.set_in_code("server.http");
        self.http = http;
        self
    }

    /// The same for other [`websocket`](Self::websocket) connections.
    #[must_use]
    pub fn websocket(mut self, websocket: ServerWebSocket) -> Self {
        self.origin.set_in_code("server.websocket");
        self.websocket = websocket;
        self
    }

    /// The same letting in whom [`sasl`](Self::sasl) says, with the transport `sasl`.
    #[must_use]
    pub fn sasl(mut self, sasl: ServerSasl) -> Self {
        self.origin.set_in_code("server.sasl");
        self.sasl = Some(sasl);
        self
    }

    /// The same with other options for [shared memory](Self::shm).
    #[must_use]
    pub fn shm(mut self, shm: ServerShm) -> Self {
        self.origin.set_in_code("server.shm");
        self.shm = shm;
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
            reply_order: ReplyOrder::Sent,
            connections_max: 10_000,
            connections_per_address_max: None,
            in_flight_max: 64,
            strict_read: false,
            limits: Limits::default(),
            timeouts: ServerTimeouts::default(),
            tcp: TcpOptions::default(),
            udp: ServerUdp::default(),
            http: ServerHttp::default(),
            websocket: ServerWebSocket::default(),
            sasl: None,
            shm: ServerShm::default(),
            transports: Transports::standard(),
            #[cfg(feature = "tls")]
            tls: None,
            origin: Origin::default(),
        }
    }
}
