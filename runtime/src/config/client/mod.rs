//! How a client connects.

mod check;
mod timeouts;

pub use timeouts::ClientTimeouts;

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use crate::config::ClientExec;
#[cfg(feature = "tls")]
use crate::config::ClientTls;
use crate::config::document::{self, Section};
use crate::config::origin::Origin;
use crate::config::udp::usual_transport;
#[cfg(not(feature = "tls"))]
use crate::config::without_tls;
use crate::config::{
    ClientHttp, ClientSasl, ClientUdp, ClientWebSocket, EXAMPLE, IN_FLIGHT_MAX, PoolConfig,
    ReconnectConfig, RetryConfig, limits, tcp,
};
use crate::error::Result;
use crate::limits::Limits;
use crate::transport::{ConnectionEvent, Listeners, TcpOptions, Transports};

const COMPACT_VERSIONS: RangeInclusive<u8> = 1..=2;

/// How a client connects, and bounds what replies may cost.
///
/// By builder, or from the section `[client]` of a TOML file. Transport and protocol must be those
/// of the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `tcp://host:port`, `udp://host:port`, `unix:///path` or `abstract://name`; `shm:///path` with the
    /// feature `shm`, and `exec:///path/to/program` with the feature `stdio`.
    pub connect: String,
    /// The name of a transport: `framed` (the default), `buffered` (the default at `udp://`), or one of
    /// [`transports`](Self::transports).
    pub transport: String,
    /// The name of one of the client's protocols. Default `binary`.
    pub protocol: String,
    /// The service to call on a multiplexed server. Default: none.
    pub service: Option<String>,
    /// Whether binary messages get a head with a version. Default `true`; `false` is for servers
    /// that know only the old head.
    pub strict_write: bool,
    /// The version of compact messages, 1 or 2. Default 1; 2 is fbthrift's, which differs in the byte
    /// order of doubles. Replies of both are read.
    pub compact_version: u8,
    /// Calls at the same time on the one connection, 1 to 1024. Others wait for one of them to end.
    /// Default 64. With a [`pool`](Self::pool), what that says counts instead.
    pub in_flight_max: usize,
    /// In which order the server answers calls of one connection. Default [`ReplyOrder::Any`].
    pub reply_order: ReplyOrder,
    /// Several connections. Default `None`: one.
    pub pool: Option<PoolConfig>,
    /// How long a server is left alone that cannot be reached.
    pub reconnect: ReconnectConfig,
    /// Which calls are made again. Default `None`: none.
    pub retry: Option<RetryConfig>,
    /// What a reply may cost.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: ClientTimeouts,
    /// What the system is told of TCP connections.
    pub tcp: TcpOptions,
    /// How datagrams are sent, to an address of UDP.
    pub udp: ClientUdp,
    /// What requests say, with the transport `http`.
    pub http: ClientHttp,
    /// What is asked for, with the transport `websocket`.
    pub websocket: ClientWebSocket,
    /// Who this is, with the transport `sasl`. Default `None`.
    pub sasl: Option<ClientSasl>,
    /// How the program is started that an address `exec:///path/to/program` names.
    pub exec: ClientExec,
    /// The transports to choose from. Default [`Transports::standard`].
    pub transports: Transports,
    pub(crate) listeners: Listeners,
    /// Encrypts connections, and says by which certificates. Default: no TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<ClientTls>,
    pub(crate) origin: Origin,
}

/// In which order the calls of one connection are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyOrder {
    /// In any: each reply has the sequence id of its call.
    #[default]
    Any,
    /// In that of the calls. For servers that write sequence ids of their own.
    Sent,
}

impl ReplyOrder {
    pub(super) const NAMED: [(&'static str, Self); 2] = [("any", Self::Any), ("sent", Self::Sent)];
}

impl ClientConfig {
    /// The defaults, for a server at an address.
    pub fn new(connect: impl Into<String>) -> Self {
        let connect = connect.into();
        Self {
            transport: usual_transport(&connect).to_owned(),
            connect,
            ..Self::default()
        }
    }

    /// Reads the section `[client]` of a TOML file.
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
        let (mut config, origin) = document::read(text, file, "client", Self::read)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut config.tls {
            tls.resolve(&origin);
        }
        if let Some(sasl) = &mut config.sasl {
            sasl.resolve(&origin);
        }
        config.exec.resolve(&origin);
        config.origin = origin;
        config.check()?;
        Ok(config)
    }

    fn read(section: &mut Section<'_>) -> Result<Self> {
        let mut config = Self::default();
        section.required("connect", EXAMPLE, &mut config.connect)?;
        if !section.string("transport", &mut config.transport)? {
            usual_transport(&config.connect).clone_into(&mut config.transport);
        }
        section.string("protocol", &mut config.protocol)?;
        let mut service = String::new();
        if section.string("service", &mut service)? {
            config.service = Some(service);
        }
        section.flag("strict_write", &mut config.strict_write)?;
        let compact_version = &mut config.compact_version;
        section.number("compact_version", COMPACT_VERSIONS, compact_version)?;
        let in_flight_max = &mut config.in_flight_max;
        section.number("in_flight_max", 1..=IN_FLIGHT_MAX, in_flight_max)?;
        let reply_order = &mut config.reply_order;
        section.choice("reply_order", &ReplyOrder::NAMED, reply_order, &[])?;
        config.pool = PoolConfig::read(section.section("client.pool")?)?;
        config.reconnect = ReconnectConfig::read(section.section("client.reconnect")?)?;
        config.retry = RetryConfig::read(section.section("client.retry")?)?;
        config.limits = limits::read(section.section("client.limits")?)?;
        config.timeouts = ClientTimeouts::read(section.section("client.timeouts")?)?;
        config.tcp = tcp::read(section.section("client.tcp")?)?;
        config.udp = ClientUdp::read(section.section("client.udp")?)?;
        config.http = ClientHttp::read(section.section("client.http")?)?;
        config.websocket = ClientWebSocket::read(section.section("client.websocket")?)?;
        config.sasl = ClientSasl::read(section.section("client.sasl")?)?;
        config.exec = ClientExec::read(section.section("client.exec")?)?;
        #[cfg(feature = "tls")]
        {
            config.tls = ClientTls::read(section.section("client.tls")?)?;
        }
        #[cfg(not(feature = "tls"))]
        without_tls(section, "client.tls")?;
        Ok(config)
    }

    /// The same with another [`transport`](Self::transport).
    #[must_use]
    pub fn transport(mut self, name: impl Into<String>) -> Self {
        self.origin.set_in_code("client.transport");
        self.transport = name.into();
        self
    }

    /// The same with another [`protocol`](Self::protocol).
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.origin.set_in_code("client.protocol");
        self.protocol = name.into();
        self
    }

    /// The same for one [`service`](Self::service) of a multiplexed server.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.origin.set_in_code("client.service");
        self.service = Some(name.into());
        self
    }

    /// The same with another [`strict_write`](Self::strict_write).
    #[must_use]
    pub fn strict_write(mut self, strict: bool) -> Self {
        self.origin.set_in_code("client.strict_write");
        self.strict_write = strict;
        self
    }

    /// The same with another [`compact_version`](Self::compact_version).
    #[must_use]
    pub fn compact_version(mut self, version: u8) -> Self {
        self.origin.set_in_code("client.compact_version");
        self.compact_version = version;
        self
    }

    /// The same with another [`in_flight_max`](Self::in_flight_max).
    #[must_use]
    pub fn in_flight_max(mut self, calls: usize) -> Self {
        self.origin.set_in_code("client.in_flight_max");
        self.in_flight_max = calls;
        self
    }

    /// The same with another [`reply_order`](Self::reply_order).
    #[must_use]
    pub fn reply_order(mut self, order: ReplyOrder) -> Self {
        self.origin.set_in_code("client.reply_order");
        self.reply_order = order;
        self
    }

    /// The same with a [`pool`](Self::pool) of connections.
    #[must_use]
    pub fn pool(mut self, pool: PoolConfig) -> Self {
        self.origin.set_in_code("client.pool");
        self.pool = Some(pool);
        self
    }

    /// The same with another [`reconnect`](Self::reconnect).
    #[must_use]
    pub fn reconnect(mut self, reconnect: ReconnectConfig) -> Self {
        self.origin.set_in_code("client.reconnect");
        self.reconnect = reconnect;
        self
    }

    /// The same with calls made again that fail, as [`retry`](Self::retry) says.
    #[must_use]
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.origin.set_in_code("client.retry");
        self.retry = Some(retry);
        self
    }

    /// The same with somebody who is told of each connection that is made, cannot be made, or ends.
    ///
    /// It is called one event at a time in their order, by threads that call functions of the client,
    /// while no lock is held. It may call the client itself, but not when it hears of
    /// [`Connecting`](ConnectionEvent::Connecting), since that call would wait for the connection. What
    /// it keeps waiting is a call, and the events after. A panic in it is caught.
    #[must_use]
    pub fn on_connection(
        mut self,
        listener: impl Fn(&ConnectionEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.listeners.0.push(Arc::new(listener));
        self
    }

    /// The same with other [`limits`](Self::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.origin.set_in_code("client.limits");
        self.limits = limits;
        self
    }

    /// The same with other [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn timeouts(mut self, timeouts: ClientTimeouts) -> Self {
        self.origin.set_in_code("client.timeouts");
        self.timeouts = timeouts;
        self
    }

    /// The same with other [`tcp`](Self::tcp) options.
    #[must_use]
    pub fn tcp(mut self, options: TcpOptions) -> Self {
        self.origin.set_in_code("client.tcp");
        self.tcp = options;
        self
    }

    /// The same with other [`udp`](Self::udp) options.
    #[must_use]
    pub fn udp(mut self, udp: ClientUdp) -> Self {
        self.origin.set_in_code("client.udp");
        self.udp = udp;
        self
    }

    /// The same with [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.origin.set_in_code("client.tls");
        self.tls = Some(tls);
        self
    }

    /// The same with other [`http`](Self::http) requests.
    #[must_use]
    pub fn http(mut self, http: ClientHttp) -> Self {
        self.origin.set_in_code("client.http");
        self.http = http;
        self
    }

    /// The same for another [`websocket`](Self::websocket).
    #[must_use]
    pub fn websocket(mut self, websocket: ClientWebSocket) -> Self {
        self.origin.set_in_code("client.websocket");
        self.websocket = websocket;
        self
    }

    /// The same as somebody, by [`sasl`](Self::sasl).
    #[must_use]
    pub fn sasl(mut self, sasl: ClientSasl) -> Self {
        self.origin.set_in_code("client.sasl");
        self.sasl = Some(sasl);
        self
    }

    /// The same with another way to start a [program](Self::exec).
    #[must_use]
    pub fn exec(mut self, exec: ClientExec) -> Self {
        self.origin.set_in_code("client.exec");
        self.exec = exec;
        self
    }

    /// The same with other [`transports`](Self::transports) to choose from.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect: "tcp://127.0.0.1:9090".to_owned(),
            transport: "framed".to_owned(),
            protocol: "binary".to_owned(),
            service: None,
            strict_write: true,
            compact_version: 1,
            in_flight_max: 64,
            reply_order: ReplyOrder::default(),
            pool: None,
            reconnect: ReconnectConfig::default(),
            retry: None,
            limits: Limits::default(),
            timeouts: ClientTimeouts::default(),
            tcp: TcpOptions::default(),
            udp: ClientUdp::default(),
            http: ClientHttp::default(),
            websocket: ClientWebSocket::default(),
            sasl: None,
            exec: ClientExec::default(),
            transports: Transports::standard(),
            listeners: Listeners::default(),
            #[cfg(feature = "tls")]
            tls: None,
            origin: Origin::default(),
        }
    }
}
