//! The two ends of TLS connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::layer::{ClientSide, Layer, LayerConnector, LayerListener, ServerSide};
use crate::transport::tls::session::Session;
use crate::transport::{Address, Connector, Listener, Stream, Waker};

/// Makes TLS connections of those that another connector makes.
///
/// [`ClientConfig::tls`](crate::ClientConfig::tls) makes one by itself; this is for those who
/// put connectors together.
pub struct TlsConnector(LayerConnector);

impl TlsConnector {
    /// Around a connector. The server's certificate has to be for this name, which is a DNS name or
    /// an IP address.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) when the name is neither.
    pub fn new(
        below: Box<dyn Connector>,
        config: Arc<ClientConfig>,
        server_name: &str,
    ) -> Result<Self> {
        let side = TlsClientSide::new(config, server_name)?;
        Ok(Self(LayerConnector::new(below, Arc::new(side))))
    }
}

impl Connector for TlsConnector {
    /// Handshake included.
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        self.0.connect(timeout)
    }
}

/// Makes TLS connections of those that another listener takes.
///
/// [`ServerConfig::tls`](crate::ServerConfig::tls) makes one by itself; this is for those who
/// put listeners together.
pub struct TlsListener(LayerListener);

impl TlsListener {
    /// Around a listener. Handshakes are made as its streams are read and written.
    pub fn new(below: Box<dyn Listener>, config: Arc<ServerConfig>) -> Self {
        Self(LayerListener::new(below, Arc::new(TlsServerSide(config))))
    }
}

impl Listener for TlsListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        self.0.accept()
    }

    fn waker(&self) -> Waker {
        self.0.waker()
    }

    fn local_addr(&self) -> Address {
        self.0.local_addr()
    }
}

/// What the TLS connections of a client have in common.
pub(crate) struct TlsClientSide {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsClientSide {
    /// The server's certificate has to be for this name.
    pub(crate) fn new(config: Arc<ClientConfig>, server_name: &str) -> Result<Self> {
        let name = ServerName::try_from(server_name.to_owned()).map_err(|error| {
            let text = format!("`{server_name}` is no server's name: a DNS name or an IP address");
            Error::new(ErrorKind::Config, text).with_source(error)
        })?;
        Ok(Self { config, name })
    }
}

impl ClientSide for TlsClientSide {
    fn names(&self) -> (&'static str, String) {
        ("TLS", format!("`{}`", self.name.to_str()))
    }

    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let session = session.map_err(io::Error::other)?;
        Ok(Box::new(Session::new(session.into())))
    }
}

/// What those of a server have in common.
pub(crate) struct TlsServerSide(pub(crate) Arc<ServerConfig>);

impl ServerSide for TlsServerSide {
    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let session = ServerConnection::new(Arc::clone(&self.0));
        let session = session.map_err(io::Error::other)?;
        Ok(Box::new(Session::new(session.into())))
    }
}
