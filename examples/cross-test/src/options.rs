//! The options of the reference's runner, `test/test.py`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use seapink::config::{ClientHttp, ClientTls, ClientWebSocket, ServerTls};
use seapink::{ClientConfig, Limits, ServerConfig};

/// Each protocol, and it with two services. `accel` and `a` are what others call their faster codecs.
const PROTOCOLS: [&str; 12] = [
    "binary", "compact", "json", "header", "multi", "multic", "multij", "multih", "accel",
    "accelc", "multia", "multiac",
];
/// Java's `fastframed` is `framed` on the wire.
const TRANSPORTS: [&str; 6] = [
    "buffered",
    "framed",
    "http",
    "zlib",
    "websocket",
    "fastframed",
];

/// Where the server is, and what is spoken there.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What messages are written in; `multi…` is two services in one.
    #[arg(long, default_value = "binary", value_parser = PossibleValuesParser::new(PROTOCOLS))]
    pub protocol: String,
    /// What is around them.
    #[arg(long, default_value = "buffered", value_parser = PossibleValuesParser::new(TRANSPORTS))]
    pub transport: String,
    /// The server's name or address. A server listens at 127.0.0.1 unless told otherwise.
    #[arg(long)]
    pub host: Option<String>,
    /// The server's port.
    #[arg(long, default_value_t = 9090)]
    pub port: u16,
    /// A Unix socket instead of host and port.
    #[arg(long)]
    pub domain_socket: Option<String>,
    /// The Unix socket is no file.
    #[arg(long, requires = "domain_socket")]
    pub abstract_namespace: bool,
    /// Compress everything.
    #[arg(long)]
    pub zlib: bool,
    /// TLS.
    #[arg(long)]
    pub ssl: bool,
    /// The folder of `CA.pem`, `server.crt`, `server.key`, `client.crt` and `client.key`.
    #[arg(long, default_value = "../keys")]
    pub keys: PathBuf,
    /// Bytes; longer strings are refused.
    #[arg(long)]
    pub string_limit: Option<usize>,
    /// Elements; longer containers are refused.
    #[arg(long)]
    pub container_limit: Option<usize>,
}

impl Options {
    /// Whether there are two services.
    #[must_use]
    pub fn is_multiplexed(&self) -> bool {
        self.protocol.starts_with("multi")
    }

    /// Whether messages have heads, which say what they are in.
    fn has_heads(&self) -> bool {
        ["header", "multih"].contains(&&*self.protocol)
    }

    /// What messages are written in. The other side of a head follows ours.
    fn protocol(&self) -> &str {
        match &*self.protocol {
            "multi" | "header" | "multih" | "accel" | "multia" => "binary",
            "multic" | "accelc" | "multiac" => "compact",
            "multij" => "json",
            protocol => protocol,
        }
    }

    /// For the reference `header` is a protocol, which goes over any transport; here it is a transport.
    fn transport(&self) -> String {
        let transport = match &*self.transport {
            "fastframed" => "framed",
            transport => transport,
        };
        let compressed = if self.zlib && transport != "zlib" {
            "zlib+"
        } else {
            ""
        };
        match transport {
            "buffered" if self.has_heads() => format!("{compressed}header"),
            _ if self.has_heads() => format!("{compressed}{transport}+header"),
            _ => format!("{compressed}{transport}"),
        }
    }

    fn address(&self, host: &str) -> String {
        match (&self.domain_socket, self.abstract_namespace) {
            (Some(name), true) => format!("abstract://{name}"),
            (Some(path), false) => format!("unix://{path}"),
            (None, _) => format!(
                "tcp://{}:{}",
                self.host.as_deref().unwrap_or(host),
                self.port
            ),
        }
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(bytes) = self.string_limit {
            limits = limits.string_bytes_max(bytes);
        }
        if let Some(elements) = self.container_limit {
            limits = limits.container_elements_max(elements);
        }
        limits
    }

    /// For a server.
    #[must_use]
    pub fn server(&self) -> ServerConfig {
        let protocol = if self.has_heads() {
            "auto"
        } else {
            self.protocol()
        };
        let config = ServerConfig::new(self.address("127.0.0.1"))
            .transport(self.transport())
            .protocol(protocol)
            .limits(self.limits());
        if !self.ssl {
            return config;
        }
        let file = |name| self.keys.join(name);
        config.tls(ServerTls::new(file("server.crt"), file("server.key")))
    }

    /// For a client.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new(self.address("localhost"))
            .transport(self.transport())
            .protocol(self.protocol())
            .limits(self.limits());
        // Node's servers look at the path; the others take any.
        match &*self.transport {
            "http" => config = config.http(ClientHttp::default().path("/test")),
            "websocket" => config = config.websocket(ClientWebSocket::default().path("/test")),
            _ => {}
        }
        if !self.ssl {
            return config;
        }
        let file = |name| self.keys.join(name);
        config.tls(
            ClientTls::new()
                .ca(file("CA.pem"))
                .certificate(file("client.crt"), file("client.key")),
        )
    }
}
