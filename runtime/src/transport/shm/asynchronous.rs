//! The same for tokio, whose reactor waits for the socket.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::net::UnixStream;

use super::bell::{Bell, Seen};
use super::hello::{self, Greeting};
use super::stream::{Incoming, Outgoing, ShmStream, Side};
use super::{ASKED, not_met, served};
use crate::error::Result;
use crate::peer::Peer;
use crate::transport::socket::refused;
use crate::transport::{Address, AsyncListener, AsyncStream};

/// One end of a connection.
pub(in crate::transport) struct AsyncShm {
    incoming: Incoming,
    outgoing: Outgoing,
    socket: Arc<UnixStream>,
    /// What found nothing to do when it was tried last.
    waits_for_bytes: bool,
    waits_for_room: bool,
}

impl AsyncShm {
    fn new(stream: ShmStream, socket: Arc<UnixStream>) -> Self {
        let ShmStream {
            incoming, outgoing, ..
        } = stream;
        Self {
            incoming,
            outgoing,
            socket,
            waits_for_bytes: false,
            waits_for_room: false,
        }
    }

    pub(in crate::transport) fn read_now(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            let before = self.incoming.bell.seen()?.heard;
            let read = self.incoming.read_now(buffer);
            if self.waits_for_room && self.incoming.bell.seen()?.heard != before {
                cx.waker().wake_by_ref();
            }
            self.waits_for_bytes = is_waiting(&read);
            if !self.waits_for_bytes || self.listen(cx)?.is_none() {
                return read;
            }
            // What has come may be for the other half.
            if self.waits_for_room {
                cx.waker().wake_by_ref();
            }
        }
    }

    pub(in crate::transport) fn write_now(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> io::Result<usize> {
        loop {
            let before = self.incoming.bell.seen()?.heard;
            let written = self.outgoing.write_now(bytes);
            if self.waits_for_bytes && self.incoming.bell.seen()?.heard != before {
                cx.waker().wake_by_ref();
            }
            self.waits_for_room = is_waiting(&written);
            if !self.waits_for_room {
                return written;
            }
            let Some(seen) = self.listen(cx)? else {
                return written;
            };
            if self.waits_for_bytes {
                cx.waker().wake_by_ref();
            }
            if seen.ended {
                return written;
            }
        }
    }

    /// Takes what has come over the socket. `None` when the task will be woken for that.
    fn listen(&mut self, cx: &mut Context<'_>) -> io::Result<Option<Seen>> {
        let Poll::Ready(ready) = self.socket.poll_read_ready(cx) else {
            return Ok(None);
        };
        ready?;
        let mut seen = self.incoming.bell.seen();
        // The reactor says so again when there is more. It may have heard of that already, so what it
        // said is forgotten only as far as it was known before the socket was read.
        let _ = self.socket.try_io(Interest::READABLE, || {
            seen = self.incoming.bell.listen();
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        seen.map(Some)
    }

    pub(in crate::transport) fn is_quiet(&self) -> bool {
        self.incoming.is_quiet()
    }
}

fn is_waiting(done: &io::Result<usize>) -> bool {
    matches!(done, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Takes connections at a path, and makes memory for them.
pub(in crate::transport) struct ShmAsyncListener {
    pub(in crate::transport) below: Box<dyn AsyncListener>,
    pub(in crate::transport) ring_bytes: usize,
}

impl AsyncListener for ShmAsyncListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = self.below.poll_accept(cx)?;
        accepted.map(|stream| {
            let socket = Arc::new(stream.into_unix()?);
            let stream = served(Arc::clone(&socket), self.ring_bytes)?;
            Ok(AsyncStream::shm(AsyncShm::new(stream, socket), Peer::Shm))
        })
    }

    fn local_addr(&self) -> Address {
        self.below.local_addr()
    }
}

/// Connects to an address. Whoever calls this bounds the time.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(crate) async fn connect_async(address: &Address) -> Result<AsyncStream> {
    let Address::Shm(path) = address else {
        return Err(refused(
            "connect to",
            address,
            io::ErrorKind::Unsupported.into(),
        ));
    };
    let socket = UnixStream::connect(path).await;
    let socket = socket.map_err(|error| refused("connect to", address, error))?;
    let met = meet(socket).await;
    met.map_err(|error| not_met(address, error))
}

async fn meet(socket: UnixStream) -> io::Result<AsyncStream> {
    hello::hail(socket.as_fd());
    let mut greeting = Greeting::default();
    let (memory, ring_bytes) = socket
        .async_io(Interest::READABLE, || greeting.read(socket.as_fd()))
        .await?;
    let socket = Arc::new(socket);
    let bell = Bell::new(Arc::clone(&socket), ASKED, &[]);
    let stream = ShmStream::new(&memory, ring_bytes, bell, Side::Client);
    Ok(AsyncStream::shm(AsyncShm::new(stream, socket), Peer::Shm))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::super::RING_BYTES_MIN as RING;
    use super::*;
    use crate::transport::shm::meet;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The reactor has no turn in between, as on another thread that is busy.
    #[test]
    fn a_task_that_took_the_wake_up_is_woken() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let socket = Arc::new(UnixStream::from_std(near).unwrap());
            let stream = served(Arc::clone(&socket), RING).unwrap();
            let mut server = AsyncStream::shm(AsyncShm::new(stream, socket), Peer::Shm);
            let mut client = meet(OwnedFd::from(far), None).unwrap();
            let count = Arc::<Count>::default();
            let waker = Waker::from(Arc::clone(&count));
            let cx = &mut Context::from_waker(&waker);
            let error = server.read_now(cx, &mut [0]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            assert!(server.is_quiet(cx));
            assert_eq!(count.0.load(Ordering::SeqCst), 0);
            client.write_all(b"x").unwrap();
            assert!(!server.is_quiet(cx));
            assert_eq!(count.0.load(Ordering::SeqCst), 1);
        });
    }
}
