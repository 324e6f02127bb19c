//! From names of hosts to addresses.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::Address;

/// The addresses of a host, in the system's order, however long it takes to find them.
pub(super) fn resolve(address: &Address, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let found: Vec<_> = match (host, port).to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => {
            let text = format!("the host of {address} cannot be resolved: {error}");
            return Err(Error::new(ErrorKind::Io, text).with_source(error));
        }
    };
    if found.is_empty() {
        let text = format!("the host of {address} has no address");
        return Err(Error::new(ErrorKind::Io, text));
    }
    Ok(found)
}

/// Resolves the name of one host, and gives up at a deadline.
///
/// The system cannot be told when to give up, so a thread asks it. One that is not done in time is
/// waited for by the next who wants to know, so that there is never more than one.
#[derive(Default)]
pub(crate) struct Resolver {
    asked: Mutex<Option<Answer>>,
}

type Answer = Receiver<Result<Vec<SocketAddr>>>;

impl Resolver {
    pub(super) fn resolve(
        &self,
        address: &Address,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![(ip, port).into()]);
        }
        let mut asked = self.asked.lock();
        let answer = match asked.take() {
            Some(answer) => answer,
            None => ask(address, host, port)?,
        };
        match answer.recv_deadline(deadline) {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => {
                *asked = Some(answer);
                let text = format!("the host of {address} cannot be resolved: no answer in time");
                Err(Error::new(ErrorKind::Timeout, text))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let text = format!("the host of {address} cannot be resolved");
                Err(Error::new(ErrorKind::Io, text))
            }
        }
    }
}

fn ask(address: &Address, host: &str, port: u16) -> Result<Answer> {
    let (sender, answer) = bounded(1);
    let (address, host) = (address.clone(), Arc::<str>::from(host));
    let thread = thread::Builder::new().name("seapink-resolve".to_owned());
    thread.spawn(move || {
        // Nobody may want to know any more.
        let _ = sender.send(resolve(&address, &host, port));
    })?;
    Ok(answer)
}
