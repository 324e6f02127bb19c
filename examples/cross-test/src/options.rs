//! The options of the reference's runner, `test/test.py`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use seapink::config::{ClientHttp, ClientTls, Model, ServerTls};
use seapink::{ClientConfig, Limits, ServerConfig};

/// Where the server is, and what is spoken there.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Binary, compact, json or header, or one of these with two services: multi, multic, multij, multih.
    #[arg(long, default_value = "binary")]
    pub protocol: String,
    /// buffered, framed, http, zlib or header.
    #[arg(long, default_value = "buffered")]
    pub transport: String,
    #[arg(long, default_value = "localhost")]
    pub host: String,
    #[arg(long, default_value_t = 9090)]
    pub port: u16,
    /// A Unix socket instead of a port.
    #[arg(long)]
    pub domain_socket: Option<String>,
    /// The name of that is no file's.
    #[arg(long)]
    pub abstract_namespace: bool,
    /// Compress everything.
    #[arg(long)]
    pub zlib: bool,
    /// TLS.
    #[arg(long)]
    pub ssl: bool,
    /// Where certificates are.
    #[arg(long, default_value = "../keys")]
    pub keys: PathBuf,
    /// Longer strings are refused.
    #[arg(long)]
    pub string_limit: Option<usize>,
    /// And longer containers.
    #[arg(long)]
    pub container_limit: Option<usize>,
}

/// The server's models, by the names that the runner knows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ServerType {
    Simple,
    Threaded,
    ThreadPool,
    Nonblocking,
}

impl ServerType {
    fn model(self) -> Model {
        match self {
            Self::Simple => Model::Simple,
            Self::Threaded => Model::Threaded,
            Self::ThreadPool => Model::ThreadPool,
            Self::Nonblocking => Model::Nonblocking,
        }
    }
}

impl Options {
    /// Whether there are two services.
    #[must_use]
    pub fn is_multiplexed(&self) -> bool {
        self.protocol.starts_with("multi")
    }

    /// What is inside.
    fn protocol(&self) -> &str {
        match &*self.protocol {
            "multi" | "header" | "multih" => "binary",
            "multic" => "compact",
            "multij" => "json",
            protocol => protocol,
        }
    }

    /// Heads bring their own frames, whatever transport is named.
    fn transport(&self) -> String {
        let layer = if self.zlib && self.transport != "zlib" { "zlib+" } else { "" };
        let transport = match &*self.protocol {
            "header" | "multih" if self.transport == "zlib" => "zlib+header",
            "header" | "multih" => "header",
            _ => &self.transport,
        };
        format!("{layer}{transport}")
    }

    fn address(&self, host: &str) -> String {
        match (&self.domain_socket, self.abstract_namespace) {
            (Some(name), true) => format!("abstract://{name}"),
            (Some(path), false) => format!("unix://{path}"),
            (None, _) => format!("tcp://{host}:{}", self.port),
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
    pub fn server(&self, model: ServerType) -> ServerConfig {
        let protocol = match &*self.protocol {
            "header" | "multih" => "auto",
            _ => self.protocol(),
        };
        let mut config = ServerConfig::new(self.address("0.0.0.0"))
            .model(model.model())
            .transport(self.transport())
            .protocol(protocol)
            .limits(self.limits());
        if self.ssl {
            let file = |name| self.keys.join(name);
            config = config.tls(ServerTls::new(file("server.crt"), file("server.key")));
        }
        config
    }

    /// For a client.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new(self.address(&self.host))
            .transport(self.transport())
            .protocol(self.protocol())
            .limits(self.limits());
        if self.transport == "http" {
            config = config.http(ClientHttp::default().path("/service"));
        }
        if self.ssl {
            let file = |name| self.keys.join(name);
            let tls = ClientTls::new()
                .ca(file("CA.pem"))
                .certificate(file("client.crt"), file("client.key"))
                // The names in the reference's certificates are of nobody here.
                .danger_accept_any_certificate(false);
            config = config.tls(tls.server_name("localhost"));
        }
        config
    }
}
