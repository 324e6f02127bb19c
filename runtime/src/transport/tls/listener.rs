//! Takes connections that are encrypted.

use std::io;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

use crate::transport::tls::stream::TlsStream;
use crate::transport::{Address, Listener, Stream, Waker};

/// Makes TLS connections of those that another listener takes.
///
/// [`ServerConfig::tls`](crate::ServerConfig::tls) makes one by itself; this is for those who
/// put listeners together.
pub struct TlsListener {
    below: Box<dyn Listener>,
    config: Arc<ServerConfig>,
}

impl TlsListener {
    /// Around a listener. Handshakes are made as its streams are read and written.
    pub fn new(below: Box<dyn Listener>, config: Arc<ServerConfig>) -> Self {
        Self { below, config }
    }
}

impl Listener for TlsListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let Some(stream) = self.below.accept()? else {
            return Ok(None);
        };
        let session = ServerConnection::new(Arc::clone(&self.config));
        let session = session.map_err(io::Error::other)?;
        Ok(Some(Box::new(TlsStream::new(stream, session))))
    }

    fn waker(&self) -> Waker {
        self.below.waker()
    }

    fn local_addr(&self) -> Address {
        self.below.local_addr()
    }
}
