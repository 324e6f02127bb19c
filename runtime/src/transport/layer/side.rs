//! Connectors and listeners whose streams have a layer.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::peer::Peer;
use crate::transport::layer::{Layer, LayerStream};
use crate::transport::stream::is_timeout;
use crate::transport::{Address, Connector, Listener, Stream, Waker};

/// What the connections of a client have in common.
pub(crate) trait ClientSide: Send + Sync {
    /// What they speak, as in `no TLS with …`, and with whom.
    fn names(&self) -> (&'static str, String);

    /// That of a new one.
    ///
    /// # Errors
    /// When it cannot be made.
    fn layer(&self) -> io::Result<Box<dyn Layer>>;

    /// What is told of a handshake that has failed.
    #[cold]
    fn failed(&self, peer: &Peer, error: io::Error) -> Error {
        use io::ErrorKind as Io;

        let (what, with) = self.names();
        let told = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>());
        let (kind, text) = match error.kind() {
            _ if is_timeout(&error) => (
                ErrorKind::Timeout,
                format!("no handshake in time; does the server speak {what} there?"),
            ),
            Io::UnexpectedEof | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe
                if told.is_none() =>
            {
                (
                    ErrorKind::Closed,
                    format!(
                        "the server closed the connection during the handshake; does it speak {what} \
                     there?"
                    ),
                )
            }
            _ => {
                let error = Error::from(error);
                let text = format!("no {what} with {with} at {peer}: {error}");
                return Error::new(error.kind(), text).with_source(error);
            }
        };
        let text = format!("no {what} with {with} at {peer}: {text}");
        Error::new(kind, text).with_source(error)
    }
}

/// What the connections of a server have in common.
pub(crate) trait ServerSide: Send + Sync {
    /// That of a new one.
    ///
    /// # Errors
    /// When it cannot be made.
    fn layer(&self) -> io::Result<Box<dyn Layer>>;
}

/// Puts a layer around what another connector makes.
pub(crate) struct LayerConnector {
    below: Box<dyn Connector>,
    side: Arc<dyn ClientSide>,
}

impl LayerConnector {
    pub(crate) fn new(below: Box<dyn Connector>, side: Arc<dyn ClientSide>) -> Self {
        Self { below, side }
    }
}

impl Connector for LayerConnector {
    /// Handshake included.
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        let begun = Instant::now();
        let below = self.below.connect(timeout)?;
        let left = timeout.saturating_sub(begun.elapsed());
        let peer = below.peer();
        let connected = self.side.layer().and_then(|layer| {
            let mut stream = LayerStream::new(below, layer);
            stream.handshake(left)?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(self.side.failed(&peer, error)),
        }
    }
}

/// Puts a layer around what another listener takes.
pub(crate) struct LayerListener {
    below: Box<dyn Listener>,
    side: Arc<dyn ServerSide>,
}

impl LayerListener {
    pub(crate) fn new(below: Box<dyn Listener>, side: Arc<dyn ServerSide>) -> Self {
        Self { below, side }
    }
}

impl Listener for LayerListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let Some(stream) = self.below.accept()? else {
            return Ok(None);
        };
        Ok(Some(Box::new(LayerStream::new(stream, self.side.layer()?))))
    }

    fn waker(&self) -> Waker {
        self.below.waker()
    }

    fn local_addr(&self) -> Address {
        self.below.local_addr()
    }

    fn is_over(&self) -> bool {
        self.below.is_over()
    }
}
