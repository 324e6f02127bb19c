//! Unix sockets: by path, and on Linux in the abstract namespace.

use std::io;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(unix)]
use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::Address;
use crate::transport::socket::{SocketListener, SocketStream, refused};

/// How long to wait for the server that may still be behind a socket file.
#[cfg(unix)]
const PROBE: Duration = Duration::from_secs(1);

#[cfg(unix)]
fn sockaddr(address: &Address) -> io::Result<SockAddr> {
    match address {
        Address::Unix(path) | Address::Shm(path) => SockAddr::unix(path),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Address::Abstract(name) => SockAddr::unix(format!("\0{name}")),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Where a socket is that was bound elsewhere. One without a name has an empty path.
#[cfg(unix)]
pub(super) fn local_addr(listener: &std::os::unix::net::UnixListener) -> Address {
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;

    let address = listener.local_addr().ok();
    #[cfg(target_os = "linux")]
    if let Some(name) = address.as_ref().and_then(|local| local.as_abstract_name()) {
        return Address::Abstract(String::from_utf8_lossy(name).into_owned());
    }
    let path = address.as_ref().and_then(|local| local.as_pathname());
    Address::Unix(path.unwrap_or("".as_ref()).to_owned())
}

#[cfg(unix)]
pub(super) fn bind(address: &Address) -> Result<SocketListener> {
    listen(address, |socket, file| {
        let listener = mio::net::UnixListener::from_std(socket.into());
        let inner = crate::transport::socket::Inner::Unix(listener);
        let listener = SocketListener::new(inner, address.clone())?;
        Ok(match file {
            Some(file) => listener.owning(file),
            None => listener,
        })
    })
}

/// Listens with a socket that does not block, and makes something of it and of its file.
#[cfg(unix)]
pub(super) fn listen<T>(
    address: &Address,
    make: impl FnOnce(Socket, Option<SocketFile>) -> io::Result<T>,
) -> Result<T> {
    if let Address::Unix(path) | Address::Shm(path) = address {
        clear(address, path)?;
    }
    let listening = open(address).and_then(|(socket, file)| make(socket, file));
    listening.map_err(|error| refused("listen at", address, error))
}

#[cfg(unix)]
fn open(address: &Address) -> io::Result<(Socket, Option<SocketFile>)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&sockaddr(address)?)?;
    let file = match address {
        Address::Unix(path) | Address::Shm(path) => Some(SocketFile::new(path)?),
        _ => None,
    };
    socket.listen(crate::transport::socket::BACKLOG)?;
    Ok((socket, file))
}

/// Removes a socket file that a dead server has left, and nothing else.
#[cfg(unix)]
fn clear(address: &Address, path: &Path) -> Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        let text =
            format!("cannot listen at {address}: there is a file of that name, which is no socket");
        return Err(Error::new(ErrorKind::Io, text));
    }
    match connect(address, PROBE) {
        Err(error) if is_refused(&error) => {
            std::fs::remove_file(path).map_err(|error| refused("listen at", address, error))
        }
        // A live server answers; one that is too busy to, or that may not be asked, lives as well.
        _ => Err(refused(
            "listen at",
            address,
            io::ErrorKind::AddrInUse.into(),
        )),
    }
}

#[cfg(unix)]
fn is_refused(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|error| error.downcast_ref());
    source.is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The file of a listening socket, removed when the listener is dropped.
#[cfg(unix)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

#[cfg(unix)]
impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let inode = Self::inode(&path)?;
        Ok(Self { path, inode })
    }

    fn inode(path: &Path) -> io::Result<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;

        let metadata = std::fs::symlink_metadata(path)?;
        Ok((metadata.dev(), metadata.ino()))
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // By now it may be the file of another server.
        if Self::inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
pub(super) fn connect(address: &Address, timeout: Duration) -> Result<SocketStream> {
    let connected = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|socket| {
        socket.connect_timeout(&sockaddr(address)?, timeout)?;
        Ok(SocketStream::new(socket, crate::peer::Peer::Unix))
    });
    connected.map_err(|error| refused("connect to", address, error))
}

#[cfg(not(unix))]
pub(super) fn bind(address: &Address) -> Result<SocketListener> {
    Err(refused(
        "listen at",
        address,
        io::ErrorKind::Unsupported.into(),
    ))
}

#[cfg(not(unix))]
pub(super) fn connect(address: &Address, _: Duration) -> Result<SocketStream> {
    Err(refused(
        "connect to",
        address,
        io::ErrorKind::Unsupported.into(),
    ))
}
