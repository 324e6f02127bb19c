//! Streams of tokio, for clients and servers that do not block.

use std::fmt;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use crate::error::{Error, ErrorKind as Kind, Result};
use crate::peer::{Identity, Peer};
use crate::transport::activation::{self, Passed};
use crate::transport::layer::AsyncLayered;
#[cfg(all(target_os = "linux", feature = "shm"))]
use crate::transport::shm::{AsyncShm, ShmAsyncListener};
use crate::transport::socket::refused;
#[cfg(unix)]
use crate::transport::unix;
use crate::transport::{Address, TcpOptions, tcp};

/// A connected stream that does not block: made from tokio's `TcpStream` or `UnixStream`, or
/// [from anything](Self::new) that reads and writes, such as a TLS session.
pub struct AsyncStream {
    io: Io,
    peer: Peer,
}

enum Io {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(all(target_os = "linux", feature = "shm"))]
    Shm(Box<AsyncShm>),
    Layered(Box<AsyncLayered>),
    Other(Box<dyn Both>),
}

/// What any other stream has to be.
trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

impl AsyncStream {
    /// A stream of another kind, and who is at its other end.
    ///
    /// Bytes that it keeps to itself it must hand over in `poll_flush`, which is called behind each
    /// batch of messages.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: Peer) -> Self {
        let io = Io::Other(Box::new(stream));
        Self { io, peer }
    }

    /// The other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(in crate::transport) fn layered(layered: AsyncLayered, peer: Peer) -> Self {
        let io = Io::Layered(Box::new(layered));
        Self { io, peer }
    }

    #[cfg(all(target_os = "linux", feature = "shm"))]
    pub(in crate::transport) fn shm(shm: AsyncShm, peer: Peer) -> Self {
        let io = Io::Shm(Box::new(shm));
        Self { io, peer }
    }

    /// The Unix socket alone, which it has to be.
    #[cfg(all(target_os = "linux", feature = "shm"))]
    pub(in crate::transport) fn into_unix(self) -> io::Result<UnixStream> {
        match self.io {
            Io::Unix(stream) => Ok(stream),
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// As [`Stream::is_handshaking`](crate::transport::Stream::is_handshaking).
    pub(crate) fn is_handshaking(&self) -> bool {
        match &self.io {
            Io::Layered(layered) => layered.is_handshaking(),
            _ => false,
        }
    }

    /// All that a handshake has told.
    pub(crate) fn identity(&self) -> Identity {
        match &self.io {
            Io::Layered(layered) => layered.identity(),
            _ => Identity::default(),
        }
    }

    /// Whether it is open and has nothing to read. Asks the system, since the runtime may not have
    /// heard yet; what is no socket is taken to be quiet.
    ///
    /// If not, the task is woken: that for which it would be may have been taken in by looking.
    pub(crate) fn is_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        let quiet = self.look(cx);
        if !quiet {
            cx.waker().wake_by_ref();
        }
        quiet
    }

    fn look(&mut self, cx: &mut Context<'_>) -> bool {
        let socket = match &mut self.io {
            Io::Layered(layered) => return layered.is_quiet(cx),
            #[cfg(all(target_os = "linux", feature = "shm"))]
            Io::Shm(shm) => return shm.is_quiet(),
            Io::Tcp(stream) => SockRef::from(&*stream),
            #[cfg(unix)]
            Io::Unix(stream) => SockRef::from(&*stream),
            Io::Other(_) => return true,
        };
        // The runtime's sockets do not block.
        let peeked = socket.peek(&mut [MaybeUninit::uninit()]);
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    pub(crate) fn tcp(stream: TcpStream, options: &TcpOptions) -> Self {
        // It fails when the peer has gone already, and reading will say so.
        let _ = options.prepare(&SockRef::from(&stream));
        let peer = stream.peer_addr().map_or(Peer::Local, Peer::Tcp);
        let io = Io::Tcp(stream);
        Self { io, peer }
    }

    /// Reads once. [`WouldBlock`](ErrorKind::WouldBlock) when the task will be woken for it.
    pub(crate) fn read_now(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let buffer = &mut ReadBuf::new(buffer);
        let read = match &mut self.io {
            Io::Layered(layered) => return layered.read_now(cx, buffer.initialize_unfilled()),
            #[cfg(all(target_os = "linux", feature = "shm"))]
            Io::Shm(shm) => return shm.read_now(cx, buffer.initialize_unfilled()),
            Io::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Io::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Io::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        now(read)?;
        Ok(buffer.filled().len())
    }

    /// Writes once; the same.
    pub(crate) fn write_now(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        let written = now(match &mut self.io {
            Io::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Io::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Io::Layered(layered) => Poll::Ready(layered.write_now(cx, bytes)),
            #[cfg(all(target_os = "linux", feature = "shm"))]
            Io::Shm(shm) => Poll::Ready(shm.write_now(cx, bytes)),
            Io::Other(stream) => Pin::new(stream).poll_write(cx, bytes),
        })?;
        if written == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WriteZero.into());
        }
        Ok(written)
    }

    /// Hands over what the stream has kept; the same.
    pub(crate) fn flush_now(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match &mut self.io {
            Io::Layered(layered) => layered.flush_now(cx),
            Io::Other(stream) => now(Pin::new(stream).poll_flush(cx)),
            _ => Ok(()),
        }
    }
}

/// What waits is an error, as with sockets that do not block.
fn now<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// With [`TcpOptions::default`].
impl From<TcpStream> for AsyncStream {
    fn from(stream: TcpStream) -> Self {
        Self::tcp(stream, &TcpOptions::default())
    }
}

#[cfg(unix)]
impl From<UnixStream> for AsyncStream {
    fn from(stream: UnixStream) -> Self {
        let io = Io::Unix(stream);
        let peer = Peer::Unix;
        Self { io, peer }
    }
}

impl fmt::Debug for AsyncStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = &self.peer;
        f.debug_struct("AsyncStream")
            .field("peer", peer)
            .finish_non_exhaustive()
    }
}

/// One that was bound here: knows what its connections are to be told.
struct Tcp {
    listener: TcpListener,
    options: TcpOptions,
}

impl AsyncListener for Tcp {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = self.listener.poll_accept(cx)?;
        accepted.map(|(stream, peer)| {
            let mut stream = AsyncStream::tcp(stream, &self.options);
            // It may have gone, and not be asked any more.
            stream.peer = Peer::Tcp(peer);
            Ok(stream)
        })
    }

    fn local_addr(&self) -> Address {
        AsyncListener::local_addr(&self.listener)
    }
}

/// Takes connections without blocking: tokio's `TcpListener`, its `UnixListener`, or one of your own.
pub trait AsyncListener: Send + 'static {
    /// Takes the next connection, or has the task woken when there is one.
    ///
    /// What takes long, such as a handshake, does not belong here but into the first reads of the
    /// stream: nothing else is accepted meanwhile.
    ///
    /// # Errors
    /// Those of the operating system. A server goes on after each of them.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>>;

    /// Where it listens.
    fn local_addr(&self) -> Address;
}

impl AsyncListener for TcpListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = Self::poll_accept(self, cx)?;
        accepted.map(|(stream, peer)| {
            let mut stream = AsyncStream::from(stream);
            // It may have gone, and not be asked any more.
            stream.peer = Peer::Tcp(peer);
            Ok(stream)
        })
    }

    fn local_addr(&self) -> Address {
        // Never fails for a socket that listens.
        Self::local_addr(self).map_or(Address::Memory, tcp::local_addr)
    }
}

#[cfg(unix)]
impl AsyncListener for UnixListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        let accepted = Self::poll_accept(self, cx)?;
        accepted.map(|(stream, _)| Ok(stream.into()))
    }

    fn local_addr(&self) -> Address {
        let address = Self::local_addr(self).ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        Address::Unix(path.unwrap_or("".as_ref()).to_owned())
    }
}

/// One that was bound here: knows its address as it was written, and the file to remove.
#[cfg(unix)]
struct Local {
    listener: UnixListener,
    address: Address,
    #[allow(dead_code, reason = "dropping it removes the file")]
    file: Option<unix::SocketFile>,
}

#[cfg(unix)]
impl AsyncListener for Local {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        AsyncListener::poll_accept(&mut self.listener, cx)
    }

    fn local_addr(&self) -> Address {
        self.address.clone()
    }
}

/// Listens at an address, for the runtime that it is called in.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(crate) fn bind_async(
    address: &Address,
    tcp: &TcpOptions,
    ring_bytes: usize,
) -> Result<Box<dyn AsyncListener>> {
    let _ = ring_bytes;
    match address {
        Address::Tcp { host, port } => {
            let listener = tcp::listen(address, host, *port, tcp, |socket| {
                Ok(Tcp {
                    listener: TcpListener::from_std(socket.into())?,
                    options: *tcp,
                })
            })?;
            Ok(Box::new(listener))
        }
        #[cfg(unix)]
        Address::Unix(_) | Address::Abstract(_) => Ok(Box::new(bind_local(address)?)),
        #[cfg(all(target_os = "linux", feature = "shm"))]
        Address::Shm(_) => Ok(Box::new(ShmAsyncListener {
            below: Box::new(bind_local(address)?),
            ring_bytes,
        })),
        Address::Systemd(name) => {
            let passed = activation::take(name.as_deref());
            let passed = passed.map_err(|why| activation::unavailable(address, &why))?;
            passed_async(passed, tcp)
                .map_err(|error| refused("listen at", address, error))?
                .ok_or_else(|| {
                    unserved(
                        address,
                        "datagrams were passed, which the blocking `Server` takes",
                    )
                })
        }
        Address::Udp { .. } => Err(unserved(address, "datagrams are for the blocking `Server`")),
        _ => {
            let text = format!("an async server cannot listen at {address}");
            Err(Error::new(Kind::Config, text))
        }
    }
}

#[cold]
fn unserved(address: &Address, why: &str) -> Error {
    let text = format!("an async server cannot listen at {address}: {why}");
    Error::new(Kind::Config, text)
}

/// `None` for datagrams.
fn passed_async(passed: Passed, tcp: &TcpOptions) -> io::Result<Option<Box<dyn AsyncListener>>> {
    Ok(Some(match passed {
        Passed::Tcp(listener) => {
            listener.set_nonblocking(true)?;
            Box::new(Tcp {
                listener: TcpListener::from_std(listener)?,
                options: *tcp,
            })
        }
        #[cfg(unix)]
        Passed::Unix(listener) => {
            listener.set_nonblocking(true)?;
            Box::new(Local {
                address: unix::local_addr(&listener),
                listener: UnixListener::from_std(listener)?,
                file: None,
            })
        }
        Passed::Udp(_) => return Ok(None),
    }))
}

#[cfg(unix)]
fn bind_local(address: &Address) -> Result<Local> {
    unix::listen(address, |socket, file| {
        Ok(Local {
            listener: UnixListener::from_std(socket.into())?,
            address: address.clone(),
            file,
        })
    })
}
