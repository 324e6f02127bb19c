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
mod link;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::client::{CallOptions, Channel, Client, Deadline, Sent};
use crate::config::ClientConfig;
use crate::error::{ApplicationCode, Delivery, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{MessageForm, ProtocolSet, WireProtocol};
use crate::transport::{
    Address, AddressConnector, Connector, Decoded, OneStream, Setup, Stream, Transport, explain,
};
use calls::{Calls, Progress, Ticket, Whose};
use link::{Link, Reader};

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
        Self::with_connector(AddressConnector::new(address), config)
    }

    /// The same for connections that are made in another way; [`ClientConfig::connect`] means
    /// nothing then.
    pub fn with_connector(
        connector: impl Connector + 'static,
        config: &ClientConfig,
    ) -> Result<Self> {
        config.check()?;
        let name = &config.protocol;
        let protocol = Set::named(name);
        let wire = Set::WIRE.iter().find(|wire| wire.name() == name);
        let (Some(protocol), Some(wire)) = (protocol, wire) else {
            let names: Vec<_> = Set::WIRE.iter().map(|wire| wire.name()).collect();
            return Err(config.origin.no_such("client.protocol", name, &names));
        };
        let connection = Connection::new(Box::new(connector), *wire, config)?;
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

/// A call whose thread waits for its turn.
struct Waiting {
    ticket: Ticket,
    /// For no more than being sent.
    to_send: bool,
}

/// For whom a thread reads.
#[derive(Clone, Copy)]
struct Own {
    /// The number of the link.
    link: u64,
    /// Its own call, unless it only makes room for one.
    ticket: Option<Ticket>,
}

type Decode<'a> = dyn FnMut(i32, &[u8]) -> Result<()> + 'a;

/// What a call waits for.
enum Until<'a, 'd> {
    /// Its last byte has left.
    Sent,
    /// Its reply is decoded.
    Replied(&'a mut Decode<'d>),
}

/// How a turn of reading ended.
enum Turn {
    /// Something arrived, if only a part.
    Moved,
    /// Nothing arrived in time.
    Quiet,
    /// The own reply was decoded.
    Replied(Result<()>),
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
            self.drop_stale(state);
            if state.link.is_some() {
                return Ok(());
            }
            if state.connecting {
                if self.room.wait_until(state, deadline.at()).timed_out() {
                    let text = format!("not connected within {deadline}");
                    return Err(Error::new(ErrorKind::Timeout, text));
                }
                continue;
            }
            let timeout = match deadline.left() {
                Some(left) => left.min(self.connect),
                None => {
                    let text = format!("not connected within {deadline}");
                    return Err(Error::new(ErrorKind::Timeout, text));
                }
            };
            state.connecting = true;
            state.links += 1;
            let number = state.links;
            let opened = MutexGuard::unlocked(state, || self.open(number, timeout));
            state.connecting = false;
            self.room.notify_all();
            state.link = Some(opened?);
        }
    }

    /// Lets go of a link that cannot be used for another call: the server has closed it since the
    /// last reply, or has sent what nobody asked for.
    fn drop_stale(&self, state: &mut State) {
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

    /// Writes and reads, for this call and for others, until it has what it waits for.
    fn drive(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        deadline: &Deadline,
        mut until: Until<'_, '_>,
    ) -> Result<()> {
        let mut stalled = false;
        loop {
            match state.calls.progress(ticket) {
                Progress::Answered(id, reply) => {
                    return self.decode_kept(state, ticket, until, id, reply);
                }
                Progress::Failed(error) => {
                    self.end(state, ticket);
                    return Err(error);
                }
                Progress::Waiting => {}
            }
            let end = state.calls.end_of(ticket);
            // A call that waits has a link: it fails with it.
            let Some(link) = &mut state.link else {
                let error = Error::new(ErrorKind::Closed, "the connection is gone");
                return Err(self.give_up(state, ticket, error));
            };
            let sent = link.sent >= end;
            if sent && matches!(until, Until::Sent) {
                self.pass_on(state);
                return Ok(());
            }
            let Some(left) = deadline.wait() else {
                return Err(self.expire(state, ticket, deadline));
            };
            if (sent || stalled) && link.reader.is_some() {
                let wait = if sent { left } else { STALL.min(left) };
                stalled = false;
                if let Turn::Replied(result) = self.read(state, Some(ticket), wait, &mut until) {
                    return result;
                }
            } else if !sent && link.writer.is_some() {
                stalled = self.write(state, left);
            } else {
                self.wait_for_turn(state, ticket, deadline, matches!(until, Until::Sent));
            }
        }
    }

    fn wait_for_turn(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        deadline: &Deadline,
        to_send: bool,
    ) {
        state.waiting.push(Waiting { ticket, to_send });
        self.turns[ticket.slot].wait_until(state, deadline.at());
        state.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    /// A reply that another thread has read.
    fn decode_kept(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Ticket,
        until: Until<'_, '_>,
        id: i32,
        mut reply: Vec<u8>,
    ) -> Result<()> {
        let Until::Replied(decode) = until else {
            // Before the call was sent: nobody can have answered it.
            let text = "the server answered a call that was not sent yet";
            let error = Error::application(ApplicationCode::BAD_SEQUENCE_ID, text);
            return Err(self.give_up(state, ticket, error));
        };
        // It may have been woken to go on with something, which is for another to do now.
        self.pass_on(state);
        let number = state.link.as_ref().map(|link| link.number);
        let decoded = MutexGuard::unlocked(state, || decode(id, &reply));
        if reply.capacity() <= SPARE_BYTES_MAX && state.spare.len() < SPARE {
            reply.clear();
            state.spare.push(reply);
        }
        self.end(state, ticket);
        if let Err(error) = &decoded
            && state.link.as_ref().map(|link| link.number) == number
        {
            self.fail(state, error);
        }
        decoded.map_err(|error| error.with_delivery(Delivery::Sent))
    }

    /// Writes what there is to write, own bytes or others'. `true` when the server does not take it.
    fn write(&self, state: &mut MutexGuard<'_, State>, left: Duration) -> bool {
        let Some(link) = &mut state.link else {
            return false;
        };
        let number = link.number;
        let Some(mut writing) = link.take_writer() else {
            return false;
        };
        let before = writing.written;
        let result = MutexGuard::unlocked(state, || {
            loop {
                match writing.step(STALL.min(left)) {
                    Ok(true) => return Ok(false),
                    Ok(false) => {}
                    Err(error) if is_timeout(&error) => return Ok(true),
                    Err(error) => return Err(error),
                }
            }
        });
        let Some(link) = state.link.as_mut().filter(|link| link.number == number) else {
            return false;
        };
        link.put_writer(writing, before);
        match result {
            Ok(stalled) => {
                self.pass_on(state);
                stalled
            }
            Err(error) => {
                self.fail(state, &Error::from(error));
                false
            }
        }
    }

    /// Reads once, and hands out the replies that are whole.
    fn read(
        &self,
        state: &mut MutexGuard<'_, State>,
        ticket: Option<Ticket>,
        wait: Duration,
        until: &mut Until<'_, '_>,
    ) -> Turn {
        let Some(link) = &mut state.link else {
            return Turn::Moved;
        };
        let (number, first) = (link.number, link.first);
        let Some(mut reader) = link.reader.take() else {
            return Turn::Moved;
        };
        let own = Own {
            link: number,
            ticket,
        };
        let result = self.read_with(state, &mut reader, own, wait, until, first);
        let end = |state: &mut State| {
            if let Some(ticket) = ticket {
                self.end(state, ticket);
            }
        };
        let Some(link) = state.link.as_mut().filter(|link| link.number == number) else {
            // It has failed meanwhile, and this call with it, unless its reply was just read.
            return match result {
                Ok(turn @ Turn::Replied(_)) => {
                    end(state);
                    turn
                }
                _ => Turn::Moved,
            };
        };
        match result {
            Ok(turn) => {
                link.first &= !matches!(turn, Turn::Replied(Ok(())));
                reader.inbox.shrink();
                link.reader = Some(reader);
                if let Turn::Replied(replied) = &turn {
                    end(state);
                    if let Err(error) = replied {
                        self.fail(state, error);
                    }
                }
                self.pass_on(state);
                turn
            }
            Err(error) => {
                end(state);
                self.fail(state, &error);
                Turn::Replied(Err(error.with_delivery(Delivery::Sent)))
            }
        }
    }

    /// Without the lock, but for looking up whose replies they are.
    fn read_with(
        &self,
        state: &mut MutexGuard<'_, State>,
        reader: &mut Reader,
        own: Own,
        wait: Duration,
        until: &mut Until<'_, '_>,
        first: bool,
    ) -> Result<Turn> {
        let mut filled = false;
        loop {
            let bytes = reader.inbox.bytes();
            let missing = match reader.decoder.decode(bytes) {
                Ok(Decoded::Message { message, consumed }) => {
                    let result = self.hand_out(state, message, own, until);
                    reader.inbox.consume(consumed);
                    if let Some(replied) = result? {
                        return Ok(Turn::Replied(replied));
                    }
                    filled = true;
                    continue;
                }
                Ok(Decoded::NeedMore(missing)) => missing,
                Err(error) if first => {
                    let name = &self.transport_name;
                    return Err(explain(error, bytes, name, self.wire.name()));
                }
                Err(error) => return Err(error),
            };
            if filled {
                return Ok(Turn::Moved);
            }
            let Reader { half, inbox, .. } = reader;
            let read = MutexGuard::unlocked(state, || {
                inbox.fill_with(missing, |buffer| half.read(buffer, wait))
            });
            match read {
                Ok(0) => return Err(self.closed(first)),
                Ok(_) => filled = true,
                Err(error) if is_timeout(&error) => return Ok(Turn::Quiet),
                // What a server leaves unread when it closes comes back as a reset.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.closed(first).with_source(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives a message to the call that it answers. `Some` when that is the caller's own.
    fn hand_out(
        &self,
        state: &mut MutexGuard<'_, State>,
        message: &[u8],
        own: Own,
        until: &mut Until<'_, '_>,
    ) -> Result<Option<Result<()>>> {
        let (head, _) = self.wire.read_head(message, &self.limits)?;
        let id = head.sequence_id;
        match &mut state.link {
            Some(link) if link.number == own.link => link.replies += 1,
            _ => return Err(Error::new(ErrorKind::Closed, "the connection was closed")),
        }
        match (state.calls.whose(id), &mut *until) {
            (Whose::Call(slot), Until::Replied(decode))
                if own.ticket.is_some_and(|ticket| ticket.slot == slot) =>
            {
                let decoded = MutexGuard::unlocked(state, || decode(id, message));
                Ok(Some(
                    decoded.map_err(|error| error.with_delivery(Delivery::Sent)),
                ))
            }
            (Whose::Call(slot), _) => {
                let mut reply = state.spare.pop().unwrap_or_default();
                reply.extend_from_slice(message);
                state.calls.answer(slot, id, reply);
                self.turns[slot].notify_one();
                Ok(None)
            }
            (Whose::Abandoned, _) => {
                self.room.notify_one();
                Ok(None)
            }
            (Whose::Nobody, _) => {
                let text = format!("a reply has sequence id {id}, which no call in flight has");
                Err(Error::application(ApplicationCode::BAD_SEQUENCE_ID, text))
            }
        }
    }

    /// The connection ended instead of a reply. Before the first one, the likely reason is that the
    /// two ends were not configured alike.
    #[cold]
    fn closed(&self, first: bool) -> Error {
        let text = "the server closed the connection before it replied";
        if !first {
            return Error::new(ErrorKind::Closed, text);
        }
        let (transport, protocol) = (&self.transport_name, self.wire.name());
        let hint =
            format!("does it use the transport `{transport}` and the protocol `{protocol}`?");
        Error::new(ErrorKind::Closed, format!("{text}; {hint}"))
    }

    /// Ends a call, and lets another one have its slot.
    fn end(&self, state: &mut State, ticket: Ticket) {
        state.calls.end(ticket);
        self.room.notify_one();
    }

    /// Ends a call that finds itself without what it should have.
    #[cold]
    fn give_up(&self, state: &mut State, ticket: Ticket, error: Error) -> Error {
        self.end(state, ticket);
        self.fail(state, &error);
        error.with_delivery(Delivery::Sent)
    }

    /// A call whose time is over.
    #[cold]
    fn expire(&self, state: &mut State, ticket: Ticket, deadline: &Deadline) -> Error {
        let end = state.calls.end_of(ticket);
        let link = state.link.as_ref();
        let (sent, replies) = link.map_or((0, 0), |link| (link.may_have_sent(), link.replies));
        let error =
            |text: String, delivery| Error::new(ErrorKind::Timeout, text).with_delivery(delivery);
        if sent < end {
            let text = format!("the server did not take the call within {deadline}");
            let started = state.calls.start_of(ticket) < sent;
            self.end(state, ticket);
            self.fail(state, &error(text.clone(), Delivery::Unknown));
            let delivery = [Delivery::NotSent, Delivery::Sent][usize::from(started)];
            return error(text, delivery);
        }
        let text = format!("no reply within {deadline}");
        let error = error(text, Delivery::Sent);
        if state.calls.is_silent_since(ticket, replies) {
            // Perhaps nobody is there any more; with another connection that will show.
            self.end(state, ticket);
            self.fail(state, &error);
        } else {
            state.calls.abandon(ticket);
            self.pass_on(state);
        }
        error
    }

    /// Ends the link and all of its calls.
    #[cold]
    fn fail(&self, state: &mut State, error: &Error) {
        let Some(link) = state.link.take() else {
            return;
        };
        link.close();
        #[cfg(feature = "tracing")]
        tracing::warn!(peer = %link.peer, "connection closed: {error}");
        let text = format!("the connection was closed, since another call on it failed: {error}");
        state.calls.fail(link.may_have_sent(), |delivery| {
            Error::new(ErrorKind::Closed, text.clone()).with_delivery(delivery)
        });
        for waiting in state.waiting.drain(..) {
            self.turns[waiting.ticket.slot].notify_one();
        }
        self.room.notify_all();
    }

    /// Wakes those who can go on: they are sent, or a half is here that they need.
    fn pass_on(&self, state: &mut State) {
        if state.waiting.is_empty() {
            return;
        }
        let State {
            calls,
            link: Some(link),
            waiting,
            ..
        } = state
        else {
            return;
        };
        let (mut read, mut write) = (link.reader.is_some(), link.writer.is_some());
        waiting.retain(|&Waiting { ticket, to_send }| {
            let sent = link.sent >= calls.end_of(ticket);
            let role = if sent { &mut read } else { &mut write };
            let wake = (sent && to_send) || std::mem::take(role);
            if wake {
                self.turns[ticket.slot].notify_one();
            }
            !wake
        });
    }
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

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
