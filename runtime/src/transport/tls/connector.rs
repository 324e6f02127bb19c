//! Makes connections that are encrypted.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::error::{Error, ErrorKind, Result};
use crate::peer::Peer;
use crate::transport::stream::is_timeout;
use crate::transport::tls::stream::TlsStream;
use crate::transport::{Connector, Stream};

/// Makes TLS connections of those that another connector makes.
///
/// [`ClientConfig::tls`](crate::ClientConfig::tls) makes one by itself; this is for those who
/// put connectors together.
pub struct TlsConnector {
    below: Box<dyn Connector>,
    side: ClientSide,
}

/// What the TLS connections of a client have in common.
pub(crate) struct ClientSide {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

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
        Ok(Self::with(below, ClientSide::new(config, server_name)?))
    }

    pub(crate) fn with(below: Box<dyn Connector>, side: ClientSide) -> Self {
        Self { below, side }
    }
}

impl ClientSide {
    /// The server's certificate has to be for this name.
    pub(crate) fn new(config: Arc<ClientConfig>, server_name: &str) -> Result<Self> {
        let name = ServerName::try_from(server_name.to_owned()).map_err(|error| {
            let text = format!("`{server_name}` is no server's name: a DNS name or an IP address");
            Error::new(ErrorKind::Config, text).with_source(error)
        })?;
        Ok(Self { config, name })
    }

    pub(super) fn session(&self) -> io::Result<ClientConnection> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        session.map_err(io::Error::other)
    }

    #[cold]
    pub(super) fn failed(&self, peer: &Peer, error: io::Error) -> Error {
        use io::ErrorKind as Io;

        let name = self.name.to_str();
        let (kind, text) = match error.kind() {
            _ if is_timeout(&error) => (
                ErrorKind::Timeout,
                "no handshake in time; does the server speak TLS there?".to_owned(),
            ),
            Io::UnexpectedEof | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe => (
                ErrorKind::Closed,
                "the server closed the connection during the handshake; does it speak TLS there?"
                    .to_owned(),
            ),
            _ => {
                let error = Error::from(error);
                let text = format!("no TLS with `{name}` at {peer}: {error}");
                return Error::new(error.kind(), text).with_source(error);
            }
        };
        let text = format!("no TLS with `{name}` at {peer}: {text}");
        Error::new(kind, text).with_source(error)
    }
}

impl Connector for TlsConnector {
    /// Handshake included.
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        let begun = Instant::now();
        let below = self.below.connect(timeout)?;
        let left = timeout.saturating_sub(begun.elapsed());
        let peer = below.peer();
        let connected = self.side.session().and_then(|session| {
            let mut stream = TlsStream::new(below, session);
            stream.handshake(left)?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(self.side.failed(&peer, error)),
        }
    }
}
