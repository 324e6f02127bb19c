//! How a client gets a stream, and gets another one when the first has ended.

use std::time::Duration;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::resolve::Resolver;
use crate::transport::{Address, Stream, TcpOptions, datagram, tcp, unix};

/// Makes connections.
pub trait Connector: Send + Sync {
    /// Makes one.
    ///
    /// # Errors
    /// One sentence that names the address and what stands in the way.
    /// [`Timeout`](ErrorKind::Timeout) when it takes longer.
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>>;
}

/// Connects to an address.
pub(crate) struct AddressConnector {
    address: Address,
    resolver: Resolver,
    tcp: TcpOptions,
}

impl AddressConnector {
    pub(crate) fn new(address: Address, tcp: TcpOptions) -> Self {
        Self {
            address,
            resolver: Resolver::default(),
            tcp,
        }
    }
}

impl Connector for AddressConnector {
    fn connect(&self, timeout: Duration) -> Result<Box<dyn Stream>> {
        let Self {
            address,
            resolver,
            tcp,
        } = self;
        match address {
            Address::Tcp { host, port } => {
                let stream = tcp::connect(resolver, address, (host, *port), tcp, timeout)?;
                Ok(Box::new(stream))
            }
            Address::Udp { host, port } => {
                let socket = datagram::connect(resolver, address, (host, *port), timeout)?;
                Ok(Box::new(socket))
            }
            Address::Unix(_) | Address::Abstract(_) => {
                Ok(Box::new(unix::connect(address, timeout)?))
            }
            Address::Systemd(_) => Err(activation_is_for_servers(address)),
            Address::Memory => {
                let text = "a server in memory is reached with `Client::with_connector`";
                Err(Error::new(ErrorKind::Config, text))
            }
            #[cfg(all(target_os = "linux", feature = "shm"))]
            Address::Shm(_) => crate::transport::shm::connect(address, timeout),
            _ => Err(address.unsupported("connect to")),
        }
    }
}

#[cold]
fn activation_is_for_servers(address: &Address) -> Error {
    let text = format!("`{address}` is for servers; write where the server listens");
    Error::new(ErrorKind::Config, text)
}

/// Gives out the one stream that there is.
pub(crate) struct OneStream(pub(crate) Mutex<Option<Box<dyn Stream>>>);

impl Connector for OneStream {
    fn connect(&self, _: Duration) -> Result<Box<dyn Stream>> {
        self.0.lock().take().ok_or_else(|| {
            let text = "the connection has ended, and this client was given no way to make another";
            Error::new(ErrorKind::Closed, text)
        })
    }
}
