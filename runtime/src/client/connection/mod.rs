//! A channel over one connection that many threads share, each with calls of its own in flight.
//!
//! There is no thread behind it. Of those that wait for a reply, one reads for all: replies of
//! others it leaves in their slots. Of those that have something to send, one writes for all, what
//! others append meanwhile included.
//!
//! ```text
//! call ──► slot, bytes appended ──► nobody writes? write ──► nobody reads? read ──► own reply
//!                                   else wait                else wait     │
//!                                     ▲                        ▲           └── a reply of another:
//!                                     └── woken when sent ─────┴────────────── wake it
//! ```
//!
//! Anything but a clean reply leaves the stream in a state that nobody knows, so the connection is
//! closed then, all of its calls fail, and the next call makes another. A call that gives up does not
//! end the connection as long as the server is heard of: its slot stays taken until its reply comes,
//! which nobody reads.

mod calls;
mod endings;
mod link;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::client::{CallOptions, Channel, Client, Deadline, Sent};
use crate::config::ClientConfig;
use crate::error::{Delivery, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{MessageForm, ProtocolSet, WireProtocol};
use crate::transport::{Address, AddressConnector, Connector, OneStream, Setup, Stream, Transport};
use calls::{Calls, Ticket};
use link::Link;
use turns::{Until, Waiting};

/// How long a thread tries to write before it looks whether the server waits for somebody to read.
const STALL: Duration = Duration::from_millis(10);

/// Replies of others that are kept in memory which is used again.
const SPARE: usize = 16;
const SPARE_BYTES_MAX: usize = 64 * 1024;

impl<Set: ProtocolSet> Client<Set> {
    /// Connects to the configured address.
    ///
    /// Threads share the connection, with up to [`in_flight_max`](ClientConfig::in_flight_max) calls
    /// at the same time. When the server has closed it between two calls, or a call has failed in a
    /// way that makes it unusable, the next call connects again.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub fn connect(config: &ClientConfig) -> Result<Self> {
        let address = config.connect.parse::<Address>();
        let address = address.map_err(|error| config.origin.blame("client.connect", error))?;
        let host = match &address {
            Address::Tcp { host, .. } => Some(host.clone()),
            _ => None,
        };
        let connector = Box::new(AddressConnector::new(address));
        Self::with(connector, host.as_deref(), config)
    }

    /// The same for connections that are made in another way; [`ClientConfig::connect`] means
    /// nothing then.
    pub fn with_connector(
        connector: impl Connector + 'static,
        config: &ClientConfig,
    ) -> Result<Self> {
        Self::with(Box::new(connector), None, config)
    }

    /// `host` is whom the connector connects to, if that has a name.
    #[cfg_attr(
        not(feature = "tls"),
        allow(unused_variables, reason = "only certificates have names")
    )]
    fn with(
        connector: Box<dyn Connector>,
        host: Option<&str>,
        config: &ClientConfig,
    ) -> Result<Self> {
        config.check()?;
        #[cfg(feature = "tls")]
        let connector = config.secured(connector, host)?;
        let name = &config.protocol;
        let protocol = Set::named(name);
        let wire = Set::WIRE.iter().find(|wire| wire.name() == name);
        let (Some(protocol), Some(wire)) = (protocol, wire) else {
            let names: Vec<_> = Set::WIRE.iter().map(|wire| wire.name()).collect();
            return Err(config.origin.no_such("client.protocol", name, &names));
        };
        let connection = Connection::new(connector, *wire, config)?;
        let form = if config.strict_write {
            MessageForm::Strict
        } else {
            MessageForm::Old
        };
        let client = Self::new(connection, protocol)
            .with_limits(config.limits)
            .with_form(form)
            .with_timeout(Duration::from_millis(config.timeouts.call_ms));
        Ok(match &config.service {
            Some(service) => client.service(service),
            None => client,
        })
    }

    /// A client over a stream that is connected already. When it has ended, calls fail with
    /// [`Closed`](ErrorKind::Closed).
    pub fn over(stream: impl Stream + 'static, config: &ClientConfig) -> Result<Self> {
        let stream: Box<dyn Stream> = Box::new(stream);
        Self::with_connector(OneStream(Mutex::new(Some(stream))), config)
    }
}

struct Connection {
    connector: Box<dyn Connector>,
    transport: Arc<dyn Transport>,
    transport_name: String,
    wire: &'static dyn WireProtocol,
    limits: Limits,
    connect: Duration,
    state: Mutex<State>,
    /// Where the thread of the call in each slot waits.
    turns: Box<[Condvar]>,
    /// Where threads wait for a slot, or for somebody to connect.
    room: Condvar,
}

struct State {
    calls: Calls,
    link: Option<Link>,
    /// How many links there were.
    links: u64,
    connecting: bool,
    /// The calls whose threads wait for their turn.
    waiting: Vec<Waiting>,
    spare: Vec<Vec<u8>>,
}

impl Connection {
    /// Connects at once, so that a wrong address is noticed early.
    fn new(
        connector: Box<dyn Connector>,
        wire: &'static dyn WireProtocol,
        config: &ClientConfig,
    ) -> Result<Self> {
        let name = &config.transport;
        let transport = config.transports.get(name).ok_or_else(|| {
            let names: Vec<_> = config.transports.names().collect();
            config.origin.no_such("client.transport", name, &names)
        })?;
        let state = State {
            calls: Calls::new(config.in_flight_max, config.reply_order),
            link: None,
            links: 0,
            connecting: false,
            waiting: Vec::new(),
            spare: Vec::new(),
        };
        let connection = Self {
            connector,
            transport,
            transport_name: name.clone(),
            wire,
            limits: config.limits,
            connect: Duration::from_millis(config.timeouts.connect_ms),
            state: Mutex::new(state),
            turns: (0..config.in_flight_max).map(|_| Condvar::new()).collect(),
            room: Condvar::new(),
        };
        let link = connection.open(1, connection.connect)?;
        let mut state = connection.state.lock();
        (state.links, state.link) = (1, Some(link));
        drop(state);
        Ok(connection)
    }

    fn open(&self, number: u64, timeout: Duration) -> Result<Link> {
        let stream = self.connector.connect(timeout)?;
        #[cfg(feature = "tracing")]
        tracing::debug!(peer = %stream.peer(), "connected");
        let setup = Setup::new(&self.limits, self.wire);
        Ok(Link::new(number, stream, self.transport.open(&setup)))
    }

    /// Makes sure that there is a link, waiting for it if somebody else connects already.
    fn connected(&self, state: &mut MutexGuard<'_, State>, deadline: &Deadline) -> Result<()> {
        loop {
            drop_stale(state);
            if state.link.is_some() {
                return Ok(());
            }
            if state.connecting {
                if self.room.wait_until(state, deadline.at()).timed_out() {
                    return Err(not_connected(deadline));
                }
                continue;
            }
            let Some(left) = deadline.left() else {
                return Err(not_connected(deadline));
            };
            let timeout = left.min(self.connect);
            state.connecting = true;
            state.links += 1;
            let number = state.links;
            let opened = MutexGuard::unlocked(state, || self.open(number, timeout));
            state.connecting = false;
            self.room.notify_all();
            state.link = Some(opened?);
        }
    }

    /// Gives a call a slot and appends it to what is to be sent.
    fn enter(
        &self,
        state: &mut MutexGuard<'_, State>,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Ticket> {
        let ticket = loop {
            self.connected(state, &options.deadline)?;
            let alone = state.link.as_ref().is_some_and(|link| link.whole);
            if (!alone || state.calls.len() == 0)
                && let Some(ticket) = state.calls.begin()
            {
                break ticket;
            }
            let left = options.deadline.left();
            let idle = state
                .link
                .as_ref()
                .is_some_and(|link| link.reader.is_some());
            if let Some(left) = left {
                if idle {
                    // Nobody reads, and it may be the reply of an abandoned call that makes room.
                    self.read(state, None, left, &mut Until::Sent);
                } else {
                    self.room.wait_until(state, options.deadline.at());
                }
            } else {
                let text = format!(
                    "{} calls were in flight on the connection for {}",
                    state.calls.len(),
                    options.deadline
                );
                return Err(Error::new(ErrorKind::Overloaded, text));
            }
        };
        let State { calls, link, .. } = &mut **state;
        // Never absent: it was there when the lock was taken last.
        let appended = match link {
            Some(link) => link
                .append(|out| encode(ticket.sequence_id, out))
                .map(|place| calls.place(ticket, place, link.replies, options.oneway)),
            None => Err(Error::new(ErrorKind::Closed, "the connection is gone")),
        };
        match appended {
            Ok(()) => Ok(ticket),
            Err(error) => {
                calls.end(ticket);
                self.room.notify_one();
                Err(error)
            }
        }
    }
}

/// Lets go of a link that cannot be used for another call: the server has closed it since the
/// last reply, or has sent what nobody asked for.
fn drop_stale(state: &mut State) {
    let Some(link) = &mut state.link else { return };
    if state.calls.len() > 0 {
        return;
    }
    if let Some(reader) = &mut link.reader
        && !(reader.inbox.is_empty() && reader.half.is_quiet())
    {
        state.link = None;
    }
}

#[cold]
fn not_connected(deadline: &Deadline) -> Error {
    let text = format!("not connected within {deadline}");
    Error::new(ErrorKind::Timeout, text)
}

impl Channel for Connection {
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let not_sent = |error: Error| error.with_delivery(Delivery::NotSent);
        let mut state = self.state.lock();
        let ticket = self.enter(&mut state, options, encode).map_err(not_sent)?;
        if !options.oneway {
            return self.drive(
                &mut state,
                ticket,
                &options.deadline,
                Until::Replied(decode),
            );
        }
        self.drive(&mut state, ticket, &options.deadline, Until::Sent)?;
        self.end(&mut state, ticket);
        Ok(())
    }

    fn send(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Sent> {
        let not_sent = |error: Error| error.with_delivery(Delivery::NotSent);
        let mut state = self.state.lock();
        let ticket = self.enter(&mut state, options, encode).map_err(not_sent)?;
        self.drive(&mut state, ticket, &options.deadline, Until::Sent)?;
        Ok(Sent::InFlight {
            slot: ticket.slot,
            sequence_id: ticket.sequence_id,
        })
    }

    fn receive(
        &self,
        sent: Sent,
        deadline: &Deadline,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        match sent {
            Sent::InFlight { slot, sequence_id } => {
                let ticket = Ticket { slot, sequence_id };
                let mut state = self.state.lock();
                self.drive(&mut state, ticket, deadline, Until::Replied(decode))
            }
            Sent::Replied { sequence_id, reply } => decode(sequence_id, &reply),
        }
    }

    fn abandon(&self, sent: Sent) {
        if let Sent::InFlight { slot, sequence_id } = sent {
            let mut state = self.state.lock();
            state.calls.abandon(Ticket { slot, sequence_id });
            self.room.notify_one();
        }
    }
}
