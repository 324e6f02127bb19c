//! Sockets that systemd has opened, and passes to the process that it starts for them: descriptors from
//! 3 on, which the variables `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` tell of.

use std::io;
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixListener;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::socket::{SocketListener, refused};
use crate::transport::{Address, DatagramSocket, Source, TcpOptions};

/// A socket that was passed.
#[cfg_attr(
    not(all(unix, feature = "systemd")),
    allow(dead_code, reason = "nothing is passed")
)]
pub(super) enum Passed {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
    Udp(UdpSocket),
}

/// Takes the one that was passed, or that of this name.
///
/// # Errors
/// One sentence that says what was passed instead, if anything.
pub(super) fn bind(address: &Address, name: Option<&str>, tcp: &TcpOptions) -> Result<Source> {
    let source = take(name)
        .map_err(|why| unavailable(address, &why))
        .and_then(|passed| {
            open(passed, tcp).map_err(|error| refused("listen at", address, error))
        })?;
    Ok(source)
}

fn open(passed: Passed, tcp: &TcpOptions) -> io::Result<Source> {
    let listener = match passed {
        Passed::Tcp(listener) => SocketListener::tcp_with(listener, tcp)?,
        #[cfg(unix)]
        Passed::Unix(listener) => SocketListener::unix(listener)?,
        Passed::Udp(socket) => return Ok(Source::Datagrams(DatagramSocket::new(socket)?)),
    };
    Ok(Source::Connections(Box::new(listener)))
}

/// The error of a socket that cannot be had.
#[cold]
pub(super) fn unavailable(address: &Address, why: &str) -> Error {
    let text = format!("cannot listen at {address}: {why}");
    Error::new(ErrorKind::Config, text)
}

#[cfg(not(all(unix, feature = "systemd")))]
pub(super) fn take(_: Option<&str>) -> Result<Passed, String> {
    // On Unix it is the feature that is missing, which is refused before.
    Err("this system has no systemd".to_owned())
}

#[cfg(all(unix, feature = "systemd"))]
pub(super) use passed::take;

#[cfg(all(unix, feature = "systemd"))]
mod passed {
    use std::env;
    use std::process;

    use listenfd::ListenFd;
    use parking_lot::Mutex;
    use socket2::SockRef;

    use super::Passed;

    /// More than any unit has; nothing is set aside for them.
    const SOCKETS_MAX: usize = 4096;

    /// What was passed, once somebody has asked. Each socket is given out once.
    static PASSED: Mutex<Option<Sockets>> = Mutex::new(None);

    struct Sockets {
        /// Those that were not taken.
        left: Vec<Named>,
        all: Vec<String>,
    }

    struct Named {
        name: String,
        /// Or why it cannot be served.
        socket: Result<Passed, String>,
    }

    /// # Errors
    /// Why there is none, as the rest of a sentence.
    pub(in crate::transport) fn take(name: Option<&str>) -> Result<Passed, String> {
        let mut passed = PASSED.lock();
        let sockets = match &mut *passed {
            Some(sockets) => sockets,
            none => none.insert(load()?),
        };
        let place = sockets.find(name)?;
        match &sockets.left[place].socket {
            Ok(_) => sockets.left.remove(place).socket,
            Err(why) => Err(why.clone()),
        }
    }

    fn load() -> Result<Sockets, String> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let none = "systemd has passed no socket";
        let Some(count) = variable("LISTEN_FDS") else {
            return Err(format!(
                "{none}: LISTEN_FDS is not set; is the program started by its .socket unit?"
            ));
        };
        let own = process::id();
        match variable("LISTEN_PID") {
            Some(pid) if pid.parse() == Ok(own) => {}
            Some(pid) => {
                return Err(format!(
                    "{none} to this process, which is {own}: LISTEN_PID = {pid}"
                ));
            }
            None => return Err(format!("{none}: LISTEN_PID is not set")),
        }
        let count = match count.parse() {
            Ok(0) => return Err(format!("{none}: LISTEN_FDS = 0")),
            Ok(count) if count <= SOCKETS_MAX => count,
            _ => return Err(format!("LISTEN_FDS = {count} is no number of sockets")),
        };
        let names = variable("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let all: Vec<_> = (0..count)
            .map(|_| names.next().unwrap_or_default())
            .collect();
        // All of them at once, whoever asks for them later: so no program inherits one that this process starts.
        let mut fds = ListenFd::from_env();
        let take = |(index, name): (usize, &String)| Named {
            name: name.clone(),
            socket: one(&mut fds, index),
        };
        let left = all.iter().enumerate().map(take).collect();
        Ok(Sockets { left, all })
    }

    impl Sockets {
        /// Which of those that are left is meant.
        fn find(&self, name: Option<&str>) -> Result<usize, String> {
            let found = match name {
                None if self.all.len() > 1 => {
                    return Err(format!(
                        "systemd has passed {} sockets, {}; write the name of one behind `systemd://`",
                        self.all.len(),
                        self.names()
                    ));
                }
                None => (!self.left.is_empty()).then_some(0),
                Some(name) if !self.all.iter().any(|other| other == name) => {
                    let free = self.left.first();
                    let meant = free.map_or(String::new(), |socket| {
                        format!("; write `systemd://{}`", socket.name)
                    });
                    return Err(format!(
                        "systemd has passed no socket of this name; there are {}{meant}",
                        self.names()
                    ));
                }
                Some(name) => self.left.iter().position(|socket| socket.name == name),
            };
            found.ok_or_else(|| "the socket was taken before".to_owned())
        }

        fn names(&self) -> String {
            let names: Vec<_> = self.all.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        }
    }

    fn one(fds: &mut ListenFd, index: usize) -> Result<Passed, String> {
        if let Ok(Some(listener)) = fds.take_tcp_listener(index) {
            listening(&SockRef::from(&listener))?;
            return Ok(Passed::Tcp(listener));
        }
        if let Ok(Some(listener)) = fds.take_unix_listener(index) {
            listening(&SockRef::from(&listener))?;
            return Ok(Passed::Unix(listener));
        }
        if let Ok(Some(socket)) = fds.take_udp_socket(index) {
            return Ok(Passed::Udp(socket));
        }
        Err(format!(
            "descriptor {} is no socket for connections over TCP or Unix, nor for UDP datagrams",
            3 + index
        ))
    }

    /// Refuses a connection, as units with `Accept=yes` pass one.
    fn listening(socket: &SockRef<'_>) -> Result<(), String> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if socket.is_listener().is_ok_and(|is| !is) {
            return Err(
                "systemd has passed a socket that does not listen; remove `Accept=yes`".to_owned(),
            );
        }
        let _ = socket;
        Ok(())
    }
}
