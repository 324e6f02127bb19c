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
//! closed then, all of its calls fail, and the next call makes another. A call that gives up takes
//! nobody with it: its slot stays taken until its reply comes, which nobody reads. If nothing at all
//! has come while it waited, perhaps nobody is there any more, so the link is retired: it gets no more
//! calls, those in flight have their time, and the next call makes another.

pub(super) mod calls;
mod endings;
mod link;
pub(super) mod links;
pub(super) mod place;
mod turns;
pub(super) mod words;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::dialer::Dialer;
use super::events::Event;
use super::failures::not_connected;
use crate::client::{CallOptions, Channel, Sent};
use crate::config::ReplyOrder;
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind, Result};
use calls::{Calls, Outcome, Ticket};
pub(super) use link::Link;
use links::Links;
use place::Place;
use turns::{Until, Waiting};

/// How long a thread tries to write before it looks whether the server waits for somebody to read.
pub(in crate::client) const STALL: Duration = Duration::from_millis(10);

/// Replies of others that are kept in memory which is used again.
pub(super) const SPARE: usize = 16;
pub(super) const SPARE_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Connection {
    dialer: Arc<Dialer>,
    state: Mutex<State>,
    /// Where the thread of the call in each slot waits.
    turns: Box<[Condvar]>,
    /// Where threads wait for a slot, or for somebody to connect.
    room: Condvar,
}

struct State {
    calls: Calls,
    links: Links<Link>,
    connecting: bool,
    /// The calls whose threads wait for their turn.
    waiting: Vec<Waiting>,
    spare: Vec<Vec<u8>>,
}

impl State {
    /// Gives a call a slot, if there is room for it.
    fn begin(&mut self) -> Option<Ticket> {
        let link = self.links.current.as_ref()?;
        if link.whole && self.calls.awaited(link.number) > 0 {
            return None;
        }
        self.calls.begin()
    }
}

/// How a connection stands, for a pool that chooses one.
pub(super) struct Standing {
    /// It has a link, or will have one.
    pub(super) open: bool,
    /// Calls in flight, those that were given up included.
    pub(super) calls: usize,
    /// Its link is as old as links may get.
    pub(super) aged: bool,
}

impl Connection {
    /// Connects with the first call, or when it is told to.
    pub(super) fn new(dialer: Arc<Dialer>, calls_max: usize, reply_order: ReplyOrder) -> Self {
        let state = State {
            calls: Calls::new(calls_max, reply_order),
            links: Links::default(),
            connecting: false,
            waiting: Vec::new(),
            spare: Vec::new(),
        };
        Self {
            dialer,
            state: Mutex::new(state),
            turns: (0..calls_max).map(|_| Condvar::new()).collect(),
            room: Condvar::new(),
        }
    }

    /// Connects at once, so that a wrong address is noticed early.
    pub(super) fn connect(&self) -> Result<()> {
        let _later = self.dialer.events.later();
        self.connected(&mut self.state.lock(), &self.dialer.first())
            .map_err(|error| error.with_delivery(Delivery::NotSent))
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        let state = self.state.lock();
        let link = state.links.current.as_ref();
        Standing {
            open: link.is_some() || state.connecting,
            calls: state.calls.len(),
            aged: link.is_some_and(|link| link.is_aged(now)),
        }
    }

    /// Lets go of the link, if there is one. The next call makes another.
    pub(super) fn close(&self, why: &'static str) {
        let reason = Error::new(ErrorKind::Cancelled, why);
        let mut state = self.state.lock();
        for number in state.links.numbers() {
            self.fail(&mut state, number, &reason);
        }
    }

    /// Makes sure that there is a link, waiting for it if somebody else connects already.
    fn connected(&self, state: &mut MutexGuard<'_, State>, deadline: &Deadline) -> Result<()> {
        loop {
            self.drop_stale(state);
            if state.links.current.is_some() {
                return Ok(());
            }
            if state.connecting {
                if self.room.wait_until(state, deadline.at()).timed_out() {
                    return Err(not_connected(deadline));
                }
                continue;
            }
            state.connecting = true;
            // A connector of a user's own may panic, and others wait for it.
            let open = AssertUnwindSafe(|| self.dialer.open(deadline));
            let opened = MutexGuard::unlocked(state, || catch_unwind(open));
            state.connecting = false;
            self.room.notify_all();
            state.links.current = Some(opened.unwrap_or_else(|panic| resume_unwind(panic))?);
            // Before the call goes on, which may take long.
            MutexGuard::unlocked(state, || self.dialer.events.tell());
        }
    }

    /// Lets go of a link that cannot be used for another call: the server has closed it since the
    /// last reply, or has sent what nobody asked for.
    fn drop_stale(&self, state: &mut State) {
        let State { calls, links, .. } = state;
        let is_used = |link: &Link| links.is_single() || calls.is_used(link.number);
        if calls.len() > 0 && links.current.as_ref().is_some_and(is_used) {
            return;
        }
        if let Some(Link { reader, .. }) = &mut links.current
            && let Some(reader) = reader
            && !(reader.inbox.is_empty() && reader.half.is_quiet())
            && let Some(link) = links.current.take()
        {
            self.dialer
                .events
                .note(link.number, || Event::Down(words::stale()));
        }
    }

    /// Gives a call a slot and appends it to what is to be sent.
    fn enter(
        &self,
        state: &mut MutexGuard<'_, State>,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Ticket> {
        if options.deadline.left().is_none() {
            return Err(words::too_late(&options.deadline));
        }
        let ticket = loop {
            self.connected(state, &options.deadline)?;
            if let Some(ticket) = state.begin() {
                break ticket;
            }
            self.make_room(state, &options.deadline)?;
        };
        let State { calls, links, .. } = &mut **state;
        // Never absent: it was there when the lock was taken last.
        let appended = match &mut links.current {
            Some(link) => link
                .append(options, |out| encode(ticket.sequence_id, out))
                .map(|bytes| Place {
                    replies: link.replies,
                    lossy: link.is_lossy(),
                    ..Place::new(link.number, bytes, options, link.acknowledged)
                }),
            None => Err(words::gone()),
        };
        // Perhaps there is more room than for one.
        self.room.notify_one();
        match appended {
            Ok(place) => {
                calls.place(ticket, place);
                calls.await_headers(ticket, options.reply_headers.clone());
                Ok(ticket)
            }
            Err(error) => {
                calls.end(ticket);
                Err(error)
            }
        }
    }

    /// Waits until a call may have ended.
    #[cold]
    fn make_room(&self, state: &mut MutexGuard<'_, State>, deadline: &Deadline) -> Result<()> {
        let Some(left) = deadline.left() else {
            return Err(words::no_room(state.calls.len(), deadline));
        };
        let State {
            calls,
            links,
            waiting,
            ..
        } = &mut **state;
        let Some(link) = &links.current else {
            return Ok(());
        };
        let number = link.number;
        let room = if link.whole { 1 } else { calls.room() };
        if !links.is_full() && calls.is_clogged(number, room) {
            self.retire(state, number, words::clogged());
            return Ok(());
        }
        let reads =
            |waiting: &Waiting| !waiting.to_send && calls.place_of(waiting.ticket).link == number;
        // Where both take the whole stream, reading would keep its call from being written.
        let writes = link.whole && (link.writer.is_none() || link.sent < link.appended);
        if link.reader.is_some() && !writes && !waiting.iter().any(reads) {
            // Nobody else reads. Somebody may want to meanwhile, and end calls.
            self.read(state, number, None, STALL.min(left), &mut Until::Sent);
        } else {
            // A call that was given up may be overdue before.
            let due = calls
                .next_due(number)
                .map_or(deadline.at(), |due| due.min(deadline.at()));
            self.room.wait_until(state, due);
        }
        Ok(())
    }
}

/// The client is gone.
impl Drop for Connection {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        for number in state.links.numbers() {
            self.dialer
                .events
                .note(number, || Event::Down(words::dropped()));
        }
        state.links = Links::default();
        self.dialer.events.tell();
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
        let _later = self.dialer.events.later();
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
        if state.calls.place_of(ticket).oneway {
            self.end(&mut state, ticket);
        } else {
            // It is answered, though nobody waits for that.
            self.abandon(&mut state, ticket);
        }
        Ok(())
    }

    fn send(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Sent> {
        let not_sent = |error: Error| error.with_delivery(Delivery::NotSent);
        let _later = self.dialer.events.later();
        let mut state = self.state.lock();
        let ticket = self.enter(&mut state, options, encode).map_err(not_sent)?;
        self.drive(&mut state, ticket, &options.deadline, Until::Sent)?;
        state.calls.leave(ticket);
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
                let _later = self.dialer.events.later();
                let mut state = self.state.lock();
                match state.calls.come_back(ticket) {
                    None => self.drive(&mut state, ticket, deadline, Until::Replied(decode)),
                    Some((_, Outcome::Failed(error))) => Err(error),
                    Some((link, Outcome::Answered(id, reply))) => {
                        self.decode(&mut state, link, decode, id, reply)
                    }
                }
            }
            Sent::Replied { sequence_id, reply } => decode(sequence_id, &reply),
        }
    }

    fn abandon(&self, sent: Sent) {
        if let Sent::InFlight { slot, sequence_id } = sent {
            let ticket = Ticket { slot, sequence_id };
            let _later = self.dialer.events.later();
            let mut state = self.state.lock();
            if state.calls.come_back(ticket).is_none() {
                self.abandon(&mut state, ticket);
            }
        }
    }
}
