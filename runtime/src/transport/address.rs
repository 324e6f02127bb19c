//! Addresses, as configurations write them: `tcp://host:port`, `udp://host:port`, `unix:///path` and
//! others.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::socket::refused;
use crate::transport::{
    DatagramSocket, Listener, TcpOptions, Waker, activation, datagram, tcp, unix,
};

/// Where a server listens.
///
/// `Display` and `FromStr` are each other's inverse, so what [`Listener::local_addr`] returns can be
/// given to a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// `tcp://host:port`. Port 0 lets the system choose one when listening.
    Tcp {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `udp://host:port`: datagrams, of one message each. Port 0 lets the system choose one.
    Udp {
        /// As with TCP.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:///path`, at most 107 bytes of path. What is parsed from a text is absolute.
    Unix(PathBuf),
    /// `abstract://name`: a Unix socket without a file, on Linux. At most 107 bytes.
    Abstract(String),
    /// `systemd://` or `systemd://name`: the socket that systemd has opened and passed to this process,
    /// the only one or the one of this name (`FileDescriptorName=`). For servers. Takes the feature
    /// `systemd`.
    Systemd(Option<String>),
    /// `shm:///path`: memory that both share, on Linux; they meet at the path as at that of a Unix
    /// socket. Takes the feature `shm`.
    Shm(PathBuf),
    /// `stdio://`: standard input and output, for the one connection of a server that is a child
    /// process. Takes the feature `stdio`.
    Stdio,
    /// `exec:///path` or `exec://name`: a client starts this program as its server; a name is looked up
    /// in `PATH`. Takes the feature `stdio`.
    Exec(PathBuf),
    /// In this process. Cannot be written in a configuration.
    Memory,
}

/// Bytes of the path or name of a Unix socket: `sun_path` has 108, the last or first is NUL.
pub(super) const UNIX_BYTES_MAX: usize = 107;

/// What one direction of a connection in shared memory holds: pages, and no more than a server should
/// set aside for a client.
pub(crate) const RING_BYTES_MIN: usize = 4096;
pub(crate) const RING_BYTES_MAX: usize = 1 << 30;

/// The same, unless a configuration says otherwise.
pub(crate) const RING_BYTES: usize = 256 * 1024;

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let forms = "write `tcp://host:port`, `udp://host:port`, `unix:///path`, `abstract://name`, \
                     `systemd://`, `shm:///path`, `stdio://` or `exec:///path/to/program`";
        Self::parse(text, forms)
    }
}

impl Address {
    /// The address of a text. `forms` says which ones make sense where it was written.
    ///
    /// # Errors
    /// One sentence that names the text.
    pub(crate) fn parse(text: &str, forms: &str) -> Result<Self> {
        let bad = |what: &str| {
            Err(Error::new(
                ErrorKind::Config,
                format!("`{text}` {what}; {forms}"),
            ))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return bad("is no address");
        };
        match scheme {
            "tcp" | "udp" => match host_and_port(rest) {
                Ok((host, port)) if scheme == "tcp" => Ok(Self::Tcp { host, port }),
                Ok((host, port)) => Ok(Self::Udp { host, port }),
                Err(what) => bad(what),
            },
            "systemd" if rest.is_empty() => Ok(Self::Systemd(None)),
            "systemd" if rest.contains(|letter: char| letter == ':' || letter.is_control()) => {
                bad("has a name that systemd gives to no socket")
            }
            "systemd" => Ok(Self::Systemd(Some(rest.to_owned()))),
            "stdio" if rest.is_empty() => Ok(Self::Stdio),
            "stdio" => Err(Error::new(
                ErrorKind::Config,
                format!("`{text}` has something behind `stdio://`; remove it"),
            )),
            "exec" if rest.is_empty() || rest.ends_with('/') => Err(Error::new(
                ErrorKind::Config,
                format!("`{text}` names no program; write `exec:///path/to/program`"),
            )),
            "unix" | "abstract" | "shm" if rest.is_empty() => bad("has no path or name"),
            "unix" | "abstract" | "shm" | "exec" if rest.contains('\0') => bad("has a NUL in it"),
            "exec" if rest.starts_with('/') || !rest.contains('/') => Ok(Self::Exec(rest.into())),
            "unix" | "abstract" | "shm" if rest.len() > UNIX_BYTES_MAX => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{text}` is too long: the path or name of a Unix socket has at most \
                     {UNIX_BYTES_MAX} bytes, this one has {}",
                    rest.len()
                ),
            )),
            "unix" | "shm" | "exec" if !rest.starts_with('/') => Err(relative(text, scheme, rest)),
            "shm" => Ok(Self::Shm(rest.into())),
            "unix" => Ok(Self::Unix(rest.into())),
            "abstract" => Ok(Self::Abstract(rest.to_owned())),
            _ => bad("has an unknown scheme"),
        }
    }
}

/// # Errors
/// What is wrong with them, as the rest of a sentence.
fn host_and_port(text: &str) -> Result<(String, u16), &'static str> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err("has no port");
    };
    let Ok(port) = port.parse() else {
        return Err("has no port from 0 to 65535");
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(host) => host,
        None if host.contains(':') => return Err("has an IPv6 address without brackets"),
        None => host,
    };
    if host.is_empty() {
        return Err("has no host");
    }
    Ok((host.to_owned(), port))
}

/// Why isn't it taken as relative to the working directory? Because client and server are mostly
/// started in different ones, and the likely reason is a forgotten slash.
#[cold]
fn relative(text: &str, scheme: &str, path: &str) -> Error {
    let meant = if path.contains('/') && !path.starts_with(['.', '~']) {
        format!("did you mean `{scheme}:///{path}`?")
    } else {
        let example = match scheme {
            "exec" => "usr/bin/calc",
            _ => "run/calc.sock",
        };
        format!("write `{scheme}://` and the path from the root, as in `{scheme}:///{example}`")
    };
    let text = format!("`{text}` has a path that does not start with `/`; {meant}");
    Error::new(ErrorKind::Config, text)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{}:{port}", Bracketed(host)),
            Self::Udp { host, port } => write!(f, "udp://{}:{port}", Bracketed(host)),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Abstract(name) => write!(f, "abstract://{name}"),
            Self::Systemd(name) => write!(f, "systemd://{}", name.as_deref().unwrap_or_default()),
            Self::Shm(path) => write!(f, "shm://{}", path.display()),
            Self::Stdio => f.write_str("stdio://"),
            Self::Exec(path) => write!(f, "exec://{}", path.display()),
            Self::Memory => f.write_str("memory"),
        }
    }
}

/// A host, with brackets if it is an IPv6 address.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            host if host.contains(':') => write!(f, "[{host}]"),
            host => f.write_str(host),
        }
    }
}

/// What messages come from.
pub(crate) enum Source {
    /// From connections.
    Connections(Box<dyn Listener>),
    /// One by one.
    Datagrams(DatagramSocket),
}

impl Source {
    pub(crate) fn local_addr(&self) -> Address {
        match self {
            Self::Connections(listener) => listener.local_addr(),
            Self::Datagrams(socket) => socket.local_addr(),
        }
    }

    pub(crate) fn waker(&self) -> Waker {
        match self {
            Self::Connections(listener) => listener.waker(),
            Self::Datagrams(socket) => socket.waker(),
        }
    }

    /// The listener, where datagrams make no sense.
    ///
    /// # Errors
    /// One sentence that names the address.
    pub(crate) fn listener(self) -> Result<Box<dyn Listener>> {
        match self {
            Self::Connections(listener) => Ok(listener),
            Self::Datagrams(socket) => {
                let text = format!(
                    "nobody connects to {}, which takes datagrams; `Server::bind` serves them",
                    socket.local_addr()
                );
                Err(Error::new(ErrorKind::Config, text))
            }
        }
    }
}

impl Address {
    /// The feature of the crate that it takes, and whether that is on.
    pub(crate) fn feature(&self) -> Option<(&'static str, bool)> {
        match self {
            Self::Systemd(_) => Some(("systemd", cfg!(feature = "systemd"))),
            Self::Shm(_) => Some(("shm", cfg!(feature = "shm"))),
            Self::Stdio | Self::Exec(_) => Some(("stdio", cfg!(feature = "stdio"))),
            _ => None,
        }
    }

    /// What is told of one that means nothing here.
    #[cold]
    pub(super) fn unsupported(&self, what: &str) -> Error {
        match self.feature() {
            Some((feature, false)) => {
                let text = format!(
                    "cannot {what} {self}: this needs the feature `{feature}` of the crate `seapink`"
                );
                Error::new(ErrorKind::Config, text)
            }
            _ => refused(what, self, std::io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Listens at an address.
///
/// # Errors
/// One sentence that names the address and what stands in the way.
pub(crate) fn bind(address: &Address, tcp: &TcpOptions, ring_bytes: usize) -> Result<Source> {
    let _ = ring_bytes;
    let listener: Box<dyn Listener> = match address {
        Address::Tcp { host, port } => Box::new(tcp::bind(address, host, *port, tcp)?),
        Address::Udp { host, port } => {
            return Ok(Source::Datagrams(datagram::bind(address, host, *port)?));
        }
        Address::Unix(_) | Address::Abstract(_) => Box::new(unix::bind(address)?),
        Address::Systemd(name) => return activation::bind(address, name.as_deref(), tcp),
        Address::Memory => {
            let text = "a server in memory is made with `Server::with_listener`";
            return Err(Error::new(ErrorKind::Config, text));
        }
        #[cfg(all(target_os = "linux", feature = "shm"))]
        Address::Shm(_) => Box::new(super::shm::bind(address, ring_bytes)?),
        #[cfg(all(unix, feature = "stdio"))]
        Address::Stdio => Box::new(super::child::listen()?),
        _ => return Err(address.unsupported("listen at")),
    };
    Ok(Source::Connections(listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_address_are_inverse() {
        for text in [
            "tcp://127.0.0.1:9090",
            "tcp://[::1]:0",
            "tcp://example.org:65535",
            "unix:///run/calc.sock",
            "abstract://calc",
            "udp://127.0.0.1:6831",
            "udp://[::1]:0",
            "systemd://",
            "systemd://calc",
            "shm:///run/calc.shm",
            "stdio://",
            "exec:///usr/bin/calc",
            "exec://calc",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        let long = format!("unix:///{}", "x".repeat(107));
        for (text, what) in [
            ("127.0.0.1:9090", "is no address"),
            ("tcp://127.0.0.1", "has no port"),
            ("tcp://127.0.0.1:http", "has no port from 0 to 65535"),
            ("tcp://127.0.0.1:65536", "has no port from 0 to 65535"),
            ("tcp://::1:9090", "has an IPv6 address without brackets"),
            ("tcp://:9090", "has no host"),
            ("udp://127.0.0.1", "has no port"),
            (
                "systemd://a:b",
                "has a name that systemd gives to no socket",
            ),
            ("unix://", "has no path"),
            (
                "unix://calc.sock",
                "has a path that does not start with `/`; write `unix://` and the path from the root",
            ),
            (
                "unix://./calc.sock",
                "has a path that does not start with `/`; write",
            ),
            (
                "unix://run/calc.sock",
                "has a path that does not start with `/`; did you mean `unix:///run/calc.sock`?",
            ),
            ("http://localhost:1", "has an unknown scheme"),
            (
                "shm://calc.shm",
                "has a path that does not start with `/`; write `shm://` and the path from the root",
            ),
            (
                "stdio:///dev/null",
                "has something behind `stdio://`; remove it",
            ),
            (
                "exec://",
                "names no program; write `exec:///path/to/program`",
            ),
            (
                "exec://bin/calc",
                "has a path that does not start with `/`; did you mean `exec:///bin/calc`?",
            ),
            (
                "exec://./calc",
                "has a path that does not start with `/`; write `exec://` and the path from the root, as in `exec:///usr/bin/calc`",
            ),
            (&long, "is too long"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` {what}")), "{error}");
        }
    }
}
