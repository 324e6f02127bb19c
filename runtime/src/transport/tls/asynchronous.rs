//! Encrypted streams of tokio, by the same sessions.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustls::{Connection, ServerConfig, ServerConnection};

use crate::error::Result;
use crate::peer::TlsPeer;
use crate::transport::tls::connector::ClientSide;
use crate::transport::tls::session::Session;
use crate::transport::{Address, AsyncListener, AsyncStream};

/// Smaller buffers are not read into: a record would take too many reads.
const BUFFER_MIN: usize = 4096;

/// A TLS session and what it goes over. Its reads and writes are those of [`AsyncStream`].
pub(in crate::transport) struct AsyncTls {
    below: AsyncStream,
    session: Session,
}

impl AsyncTls {
    fn new(below: AsyncStream, tls: impl Into<Connection>) -> Self {
        let session = Session::new(tls.into());
        Self { below, session }
    }

    pub(in crate::transport) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    pub(in crate::transport) fn peer(&self) -> Option<Arc<TlsPeer>> {
        self.session.peer()
    }

    pub(in crate::transport) fn read_now(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            // A peer that cannot be written to may still have said why.
            let _ = self.flush_now(cx);
            if let Some(read) = self.session.read(buffer) {
                return read;
            }
            match self.pull(cx, buffer)? {
                0 => {}
                plaintext => return Ok(plaintext),
            }
        }
    }

    pub(in crate::transport) fn write_now(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> io::Result<usize> {
        let mut taken = self.session.encrypt(bytes)?;
        if taken == 0 && !bytes.is_empty() {
            self.flush_now(cx)?;
            taken = self.session.encrypt(bytes)?;
        }
        match self.flush_now(cx) {
            // What is left goes with the next write, or when it is flushed.
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Writes all ciphertext that there is.
    pub(in crate::transport) fn flush_now(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Self { below, session } = self;
        while session.wants_write() {
            session.write_to(&mut Now(below, cx))?;
        }
        below.flush_now(cx)
    }

    /// Reads ciphertext once, and returns how much plaintext is in the buffer now. 0 means that the
    /// session has to be asked. Only called when that has nothing to read.
    fn pull(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() < BUFFER_MIN {
            let buffer = &mut [0; BUFFER_MIN];
            let plaintext = self.pull(cx, buffer)?;
            self.session.keep(&buffer[..plaintext]);
            return Ok(0);
        }
        let arrived = self.below.read_now(cx, buffer)?;
        if arrived == 0 {
            self.session.end();
        }
        let plaintext = self.session.take(buffer, arrived);
        if self.session.has_failed() {
            // The peer is told why, if there is room.
            let _ = self.flush_now(cx);
        }
        Ok(plaintext)
    }

    /// As [`AsyncStream::is_quiet`].
    pub(in crate::transport) fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.session.has_plaintext() {
                return false;
            }
            if self.session.has_failed() {
                // So the next call is told why.
                return true;
            }
            if self.session.is_over() {
                return false;
            }
            if self.below.is_quiet(cx) {
                return true;
            }
            // Only the end, or messages of TLS's own.
            match self.pull(cx, &mut []) {
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let step = self.flush_now(cx).and_then(|()| {
                self.session.check()?;
                if self.session.is_handshaking() {
                    return self.pull(cx, &mut []).map(|_| false);
                }
                Ok(true)
            });
            match step {
                Ok(false) => {}
                Ok(true) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// Says goodbye, as far as that needs no waiting.
impl Drop for AsyncTls {
    fn drop(&mut self) {
        self.session.say_goodbye();
        let _ = self.flush_now(&mut Context::from_waker(Waker::noop()));
    }
}

/// The stream below, for a session that writes to it.
struct Now<'a, 'c, 'w>(&'a mut AsyncStream, &'c mut Context<'w>);

impl Write for Now<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_now(self.1, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncStream {
    /// The same, encrypted. The handshake is made as it is read and written.
    fn secured(self, tls: impl Into<Connection>) -> Self {
        let peer = self.peer().clone();
        Self::tls_over(AsyncTls::new(self, tls), peer)
    }
}

/// Makes encrypted streams of those that another listener takes.
pub(crate) struct AsyncTlsListener {
    below: Box<dyn AsyncListener>,
    config: Arc<ServerConfig>,
}

impl AsyncTlsListener {
    pub(crate) fn new(below: Box<dyn AsyncListener>, config: Arc<ServerConfig>) -> Self {
        Self { below, config }
    }
}

impl AsyncListener for AsyncTlsListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = self.below.poll_accept(cx)?;
        accepted.map(|stream| {
            let session = ServerConnection::new(Arc::clone(&self.config));
            Ok(stream.secured(session.map_err(io::Error::other)?))
        })
    }

    fn local_addr(&self) -> Address {
        self.below.local_addr()
    }
}

impl ClientSide {
    /// Makes the handshake over a stream.
    pub(crate) async fn handshake(&self, below: AsyncStream) -> Result<AsyncStream> {
        let peer = below.peer().clone();
        let shaken = async {
            let mut stream = AsyncTls::new(below, self.session()?);
            poll_fn(|cx| stream.poll_handshake(cx)).await?;
            Ok(stream)
        };
        match shaken.await {
            Ok(stream) => Ok(AsyncStream::tls_over(stream, peer)),
            Err(error) => Err(self.failed(&peer, error)),
        }
    }
}
