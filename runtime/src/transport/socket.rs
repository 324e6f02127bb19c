//! Sockets of the operating system, TCP and Unix alike.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::Socket;

use crate::error::{Error, ErrorKind, Result, words};
use crate::peer::Peer;
use crate::transport::waiting::Waiting;
use crate::transport::{
    Address, Closer, Listener, ReadHalf, Readiness, Split, Stream, TcpOptions, Waker, WriteHalf,
};

/// How many connections the system keeps waiting for [`accept`](Listener::accept).
pub(super) const BACKLOG: i32 = 1024;

/// The system counts in microseconds, and takes none for no time-out at all.
const WAIT_MIN: Duration = Duration::from_micros(1);

/// A connected socket.
pub struct SocketStream {
    // Closers hold it weakly, so dropping the stream closes the descriptor.
    socket: Arc<Socket>,
    peer: Peer,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    #[cfg_attr(
        target_os = "linux",
        allow(dead_code, reason = "for peeking elsewhere")
    )]
    nonblocking: bool,
}

impl SocketStream {
    pub(super) fn new(socket: Socket, peer: Peer) -> Self {
        Self {
            socket: Arc::new(socket),
            peer,
            read_timeout: None,
            write_timeout: None,
            nonblocking: false,
        }
    }

    /// A TCP connection that was made elsewhere. Its time-outs are taken away, and `TCP_NODELAY`
    /// and keepalive are set.
    pub fn tcp(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        let socket = Socket::from(stream);
        TcpOptions::default().prepare(&socket)?;
        Self::adopt(socket, Peer::Tcp(peer))
    }

    /// A Unix connection that was made elsewhere. Its time-outs are taken away.
    #[cfg(unix)]
    pub fn unix(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Self::adopt(stream.into(), Peer::Unix)
    }

    /// The socket alone.
    #[cfg(all(target_os = "linux", feature = "shm"))]
    pub(super) fn into_descriptor(self) -> io::Result<std::os::fd::OwnedFd> {
        let socket = Arc::into_inner(self.socket);
        Ok(socket.ok_or(io::ErrorKind::ResourceBusy)?.into())
    }

    /// Looks at the next byte without waiting for it. Clients do so before each call, so it is one
    /// call of the system where that has a way.
    #[cfg(target_os = "linux")]
    fn peek_now(&self) -> io::Result<usize> {
        // `MSG_PEEK | MSG_DONTWAIT`, the same on every architecture.
        const PEEK_DONTWAIT: std::ffi::c_int = 0x02 | 0x40;
        let byte = &mut [MaybeUninit::uninit()];
        self.socket.recv_with_flags(byte, PEEK_DONTWAIT)
    }

    #[cfg(not(target_os = "linux"))]
    fn peek_now(&self) -> io::Result<usize> {
        if !self.nonblocking {
            self.socket.set_nonblocking(true)?;
        }
        let peeked = self.socket.peek(&mut [MaybeUninit::uninit()]);
        if !self.nonblocking {
            self.socket.set_nonblocking(false)?;
        }
        peeked
    }

    pub(super) fn adopt(socket: Socket, peer: Peer) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(None)?;
        socket.set_write_timeout(None)?;
        Ok(Self::new(socket, peer))
    }
}

impl Read for SocketStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.socket).read(buffer)
    }
}

impl Write for SocketStream {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.socket).write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        (&*self.socket).write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for SocketStream {
    fn peer(&self) -> Peer {
        self.peer.clone()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(WAIT_MIN));
        if self.read_timeout != timeout {
            self.socket.set_read_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        Ok(())
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(WAIT_MIN));
        if self.write_timeout != timeout {
            self.socket.set_write_timeout(timeout)?;
            self.write_timeout = timeout;
        }
        Ok(())
    }

    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)?;
        self.nonblocking = nonblocking;
        Ok(())
    }

    fn closer(&self) -> Closer {
        let socket = Arc::downgrade(&self.socket);
        Closer::new(move |how: Shutdown| {
            if let Some(socket) = socket.upgrade() {
                // It fails when the peer has gone already, which is what was wanted.
                let _ = socket.shutdown(how);
            }
        })
    }

    fn is_quiet(&mut self) -> bool {
        let would_block = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        self.peek_now().is_err_and(would_block)
    }

    #[cfg(unix)]
    fn readiness(&self) -> Readiness<'_> {
        use std::os::fd::AsFd;
        Readiness::Descriptor(self.socket.as_fd())
    }

    fn split(self: Box<Self>) -> Split {
        let writer = Self {
            socket: Arc::clone(&self.socket),
            peer: self.peer.clone(),
            ..*self
        };
        Split::Halves(self, Box::new(writer))
    }
}

impl ReadHalf for SocketStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(timeout))?;
        Read::read(self, buffer)
    }

    fn is_quiet(&mut self) -> bool {
        Stream::is_quiet(self)
    }
}

impl WriteHalf for SocketStream {
    #[inline]
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.set_write_timeout(Some(timeout))?;
        Write::write(self, bytes)
    }
}

/// A listening socket.
pub struct SocketListener {
    inner: Inner,
    address: Address,
    waiting: Waiting,
    #[cfg(unix)]
    #[allow(dead_code, reason = "dropping it removes the file of a Unix socket")]
    file: Option<super::unix::SocketFile>,
}

pub(super) enum Inner {
    Tcp(mio::net::TcpListener, TcpOptions),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

impl SocketListener {
    /// Listens at an address: `tcp://host:port`, `unix:///path` or `abstract://name`.
    ///
    /// # Errors
    /// One sentence that names the address and what stands in the way.
    pub fn bind(address: &str) -> Result<Box<dyn Listener>> {
        Self::bind_with(address, &TcpOptions::default())
    }

    /// The same with other options for TCP.
    ///
    /// # Errors
    /// The same.
    pub fn bind_with(address: &str, tcp: &TcpOptions) -> Result<Box<dyn Listener>> {
        super::bind(&address.parse()?, tcp, super::RING_BYTES)?.listener()
    }

    /// Takes connections from a TCP listener that was bound elsewhere.
    pub fn tcp(listener: TcpListener) -> io::Result<Self> {
        Self::tcp_with(listener, &TcpOptions::default())
    }

    /// The same with other options for its connections.
    pub fn tcp_with(listener: TcpListener, tcp: &TcpOptions) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = super::tcp::local_addr(listener.local_addr()?);
        let listener = mio::net::TcpListener::from_std(listener);
        Self::new(Inner::Tcp(listener, *tcp), address)
    }

    /// Takes connections from a Unix listener that was bound elsewhere. Its file stays in the end.
    #[cfg(unix)]
    pub fn unix(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = super::unix::local_addr(&listener);
        let listener = mio::net::UnixListener::from_std(listener);
        Self::new(Inner::Unix(listener), address)
    }

    pub(super) fn new(mut inner: Inner, address: Address) -> io::Result<Self> {
        let waiting = match &mut inner {
            Inner::Tcp(listener, _) => Waiting::new(listener)?,
            #[cfg(unix)]
            Inner::Unix(listener) => Waiting::new(listener)?,
        };
        Ok(Self {
            inner,
            address,
            waiting,
            #[cfg(unix)]
            file: None,
        })
    }

    #[cfg(unix)]
    pub(super) fn owning(mut self, file: super::unix::SocketFile) -> Self {
        self.file = Some(file);
        self
    }

    /// As [`accept`](Listener::accept).
    pub(super) fn accept_socket(&mut self) -> io::Result<Option<SocketStream>> {
        let Self { inner, waiting, .. } = self;
        waiting.take(|| inner.accept())
    }
}

impl Inner {
    fn accept(&self) -> io::Result<SocketStream> {
        let (socket, peer) = match self {
            Self::Tcp(listener, options) => {
                let (stream, peer) = listener.accept()?;
                let socket = Socket::from(TcpStream::from(stream));
                // It fails on some systems when the peer has gone again, and reading will say so.
                let _ = options.prepare(&socket);
                (socket, Peer::Tcp(peer))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                (
                    std::os::unix::net::UnixStream::from(stream).into(),
                    Peer::Unix,
                )
            }
        };
        socket.set_nonblocking(false)?;
        Ok(SocketStream::new(socket, peer))
    }
}

impl Listener for SocketListener {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let accepted = self.accept_socket()?;
        Ok(accepted.map(|stream| Box::new(stream) as Box<dyn Stream>))
    }

    fn waker(&self) -> Waker {
        self.waiting.waker()
    }

    fn local_addr(&self) -> Address {
        self.address.clone()
    }
}

/// What stands in the way of listening or connecting, in one sentence.
pub(crate) fn refused(what: &str, address: &Address, error: io::Error) -> Error {
    use io::ErrorKind as Io;

    let listening = what.starts_with("listen");
    let is_path = matches!(address, Address::Unix(_) | Address::Shm(_));
    let kind = match error.kind() {
        Io::TimedOut | Io::WouldBlock => ErrorKind::Timeout,
        _ => ErrorKind::Io,
    };
    let why: &str = match error.kind() {
        Io::AddrInUse => "another server listens there",
        Io::AddrNotAvailable if listening => "this machine has no such address",
        Io::PermissionDenied if is_path => "permission denied for the path",
        Io::PermissionDenied if listening => {
            "permission denied; ports below 1024 are for privileged users"
        }
        Io::NotFound if listening => "the directory does not exist",
        Io::NotFound => "there is no such socket",
        Io::NotADirectory => "a part of the path is no directory",
        Io::ConnectionRefused => "nobody listens there",
        Io::TimedOut => "no answer in time",
        Io::WouldBlock => "the server does not take connections at the moment",
        Io::Unsupported => "this system has no such sockets",
        _ => "",
    };
    let text = match why {
        "" => format!("cannot {what} {address}: {}", words(&error)),
        why => format!("cannot {what} {address}: {why}"),
    };
    Error::new(kind, text).with_source(error)
}
