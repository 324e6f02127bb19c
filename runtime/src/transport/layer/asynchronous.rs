//! Streams of tokio with a layer.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::error::Result;
use crate::peer::Identity;
use crate::transport::layer::{ClientSide, Layer, ServerSide};
use crate::transport::{Address, AsyncListener, AsyncStream};

/// Smaller buffers are not read into: a record would take too many reads.
const BUFFER_MIN: usize = 4096;

/// A layer and what it goes over. Its reads and writes are those of [`AsyncStream`].
pub(in crate::transport) struct AsyncLayered {
    below: AsyncStream,
    layer: Box<dyn Layer>,
}

impl AsyncLayered {
    fn new(below: AsyncStream, layer: Box<dyn Layer>) -> Self {
        Self { below, layer }
    }

    pub(in crate::transport) fn is_handshaking(&self) -> bool {
        self.layer.is_handshaking() || self.below.is_handshaking()
    }

    pub(in crate::transport) fn identity(&self) -> Identity {
        let below = self.below.identity();
        Identity {
            #[cfg(feature = "tls")]
            tls: self.layer.tls().or(below.tls),
            user: self.layer.user().or(below.user),
        }
    }

    pub(in crate::transport) fn read_now(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        if self.layer.is_done() {
            return self.below.read_now(cx, buffer);
        }
        loop {
            // A peer that cannot be written to may still have said why.
            let _ = self.flush_now(cx);
            if let Some(read) = self.layer.read(buffer) {
                return read;
            }
            match self.pull(cx, buffer)? {
                0 => {}
                content => return Ok(content),
            }
        }
    }

    pub(in crate::transport) fn write_now(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> io::Result<usize> {
        if self.layer.is_done() {
            return self.below.write_now(cx, bytes);
        }
        let mut taken = self.layer.put(bytes)?;
        if taken == 0 && !bytes.is_empty() {
            self.flush_now(cx)?;
            taken = self.layer.put(bytes)?;
        }
        match self.flush_now(cx) {
            // What is left goes with the next write, or when it is flushed.
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Writes all raw bytes that there is.
    pub(in crate::transport) fn flush_now(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Self { below, layer } = self;
        while layer.wants_write() {
            layer.write_to(&mut Now(below, cx))?;
        }
        below.flush_now(cx)
    }

    /// Reads raw bytes once, and returns how much content is in the buffer now. 0 means that the
    /// layer has to be asked. Only called when that has nothing to read.
    fn pull(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() < BUFFER_MIN {
            let buffer = &mut [0; BUFFER_MIN];
            let content = self.pull(cx, buffer)?;
            self.layer.keep(&buffer[..content]);
            return Ok(0);
        }
        let arrived = self.below.read_now(cx, buffer)?;
        if arrived == 0 {
            self.layer.end();
        }
        let content = self.layer.take(buffer, arrived);
        if self.layer.has_failed() {
            // The peer is told why, if there is room.
            let _ = self.flush_now(cx);
        }
        Ok(content)
    }

    /// As [`AsyncStream::is_quiet`].
    pub(in crate::transport) fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        if self.layer.is_done() {
            return self.below.is_quiet(cx);
        }
        loop {
            if self.layer.has_content() {
                return false;
            }
            if self.layer.has_failed() {
                // So the next call is told why.
                return true;
            }
            if self.layer.is_over() {
                return false;
            }
            if self.below.is_quiet(cx) {
                return true;
            }
            // Only the end, or messages of the layer's own.
            match self.pull(cx, &mut []) {
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let step = self.flush_now(cx).and_then(|()| {
                self.layer.check()?;
                if self.layer.is_handshaking() {
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
impl Drop for AsyncLayered {
    fn drop(&mut self) {
        self.layer.say_goodbye();
        let _ = self.flush_now(&mut Context::from_waker(Waker::noop()));
    }
}

/// The stream below, for a layer that writes to it.
struct Now<'a, 'c, 'w>(&'a mut AsyncStream, &'c mut Context<'w>);

impl Write for Now<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_now(self.1, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts a layer around what another listener takes.
pub(crate) struct AsyncLayerListener {
    below: Box<dyn AsyncListener>,
    side: Arc<dyn ServerSide>,
}

impl AsyncLayerListener {
    pub(crate) fn new(below: Box<dyn AsyncListener>, side: Arc<dyn ServerSide>) -> Self {
        Self { below, side }
    }
}

impl AsyncListener for AsyncLayerListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = self.below.poll_accept(cx)?;
        accepted.map(|stream| {
            let peer = stream.peer().clone();
            let layered = AsyncLayered::new(stream, self.side.layer()?);
            Ok(AsyncStream::layered(layered, peer))
        })
    }

    fn local_addr(&self) -> Address {
        self.below.local_addr()
    }
}

/// Makes the handshake of a client over a stream.
///
/// # Errors
/// What has gone wrong, in words.
pub(crate) async fn handshake(side: &dyn ClientSide, below: AsyncStream) -> Result<AsyncStream> {
    let peer = below.peer().clone();
    let shaken = async {
        let mut stream = AsyncLayered::new(below, side.layer()?);
        poll_fn(|cx| stream.poll_handshake(cx)).await?;
        Ok(stream)
    };
    match shaken.await {
        Ok(stream) => Ok(AsyncStream::layered(stream, peer)),
        Err(error) => Err(side.failed(&peer, error)),
    }
}

#[cfg(all(test, unix, feature = "zlib"))]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use tokio::net::UnixStream;

    use super::*;
    use crate::peer::Peer;
    use crate::transport::ZlibSide;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The socket has nothing more to say of what the layer has taken in.
    #[tokio::test]
    async fn content_that_looking_has_brought_wakes_the_task() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut bytes = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        bytes.write_all(b"x").unwrap();
        bytes.flush().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut far, bytes.get_ref())
            .await
            .unwrap();
        near.readable().await.unwrap();
        let side: &dyn ServerSide = &ZlibSide(1000);
        let layered = AsyncLayered::new(near.into(), side.layer().unwrap());
        let mut stream = AsyncStream::layered(layered, Peer::Unix);
        let count = Arc::<Count>::default();
        let waker = Waker::from(Arc::clone(&count));
        let cx = &mut Context::from_waker(&waker);
        assert!(!stream.is_quiet(cx));
        let woken = count.0.load(Ordering::SeqCst);
        assert!(woken > 0);
        assert_eq!(stream.read_now(cx, &mut [0; 9]).unwrap(), 1);
        assert!(stream.is_quiet(cx));
        assert_eq!(count.0.load(Ordering::SeqCst), woken);
    }
}
