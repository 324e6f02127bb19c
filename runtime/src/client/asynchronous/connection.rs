//! What the calls of an async client and the driver of its connection share.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::dial::Dialer;
use super::driver;
use super::in_flight::InFlight;
use super::link::Link;
use crate::client::CallOptions;
use crate::client::connection::calls::{Calls, Ticket};
use crate::client::connection::links::Links;
use crate::client::connection::place::Place;
use crate::client::connection::words;
use crate::client::events::Event;
use crate::client::failures::{Failures, not_connected};
use crate::config::ReplyOrder;
use crate::error::{Delivery, Error, ErrorKind, Result};

/// A call waits to be appended while so many bytes are not written.
const OUT_BYTES: u64 = 256 * 1024;

pub(super) struct Connection {
    pub(super) dialer: Dialer,
    pub(super) state: Mutex<State>,
    /// Where calls wait for a connection, for a slot, or for bytes to be written.
    pub(super) room: Notify,
}

pub(super) struct State {
    pub(super) calls: Calls,
    /// Who waits for what comes of the call in each slot.
    pub(super) wakers: Vec<Option<Waker>>,
    pub(super) links: Links<Link>,
    /// The attempt to connect that is being made.
    pub(super) connecting: Option<u64>,
    /// How many attempts were begun.
    begun: u64,
    failures: Failures,
    /// The last attempt that failed, and why.
    failed: Option<(u64, Failed)>,
    /// The last link that was lost while every call on it was still to be written.
    pub(super) stale: u64,
    /// Of the driver.
    pub(super) task: Option<AbortHandle>,
    pub(super) spare: Vec<Vec<u8>>,
}

/// An error for everybody who waited.
struct Failed {
    kind: ErrorKind,
    text: String,
    retry_at: Option<Instant>,
}

/// A reply that has to be decoded.
pub(super) struct Reply {
    pub(super) sequence_id: i32,
    pub(super) message: Vec<u8>,
    pub(super) link: u64,
}

impl State {
    pub(super) fn new(calls_max: usize, reply_order: ReplyOrder) -> Self {
        Self {
            calls: Calls::new(calls_max, reply_order),
            wakers: (0..calls_max).map(|_| None).collect(),
            links: Links::default(),
            connecting: None,
            begun: 0,
            failures: Failures::default(),
            failed: None,
            stale: 0,
            task: None,
            spare: Vec::new(),
        }
    }

    /// Lets the call in a slot see what has come of it.
    pub(super) fn wake(&mut self, slot: usize) {
        if let Some(waker) = self.wakers[slot].take() {
            waker.wake();
        }
    }

    /// Wakes oneway calls that have left over a link.
    pub(super) fn wake_sent(&mut self, number: u64) {
        let (calls, wakers) = (&self.calls, &mut self.wakers);
        let Some(link) = self.links.get(number) else {
            return;
        };
        let sent = link.sent;
        link.leaving.retain(|&slot| {
            let left = calls.end_of_slot(slot) <= sent;
            if left && let Some(waker) = wakers[slot].take() {
                waker.wake();
            }
            !left
        });
    }

    fn end(&mut self, ticket: Ticket) {
        self.calls.end(ticket);
        self.wakers[ticket.slot] = None;
    }

    /// How many calls over a link await a reply.
    pub(super) fn in_flight(&self, number: u64) -> usize {
        if self.links.is_single() {
            return self.calls.len();
        }
        self.calls.awaited(number)
    }
}

impl Connection {
    /// Ends a link and all of its calls, and has those told.
    #[cold]
    pub(super) fn fail(
        &self,
        state: &mut State,
        number: u64,
        error: &Error,
        told: impl Fn(Delivery) -> Error,
    ) {
        let Some(mut link) = state.links.take(number) else {
            return;
        };
        #[cfg(feature = "tracing")]
        if error.kind() == ErrorKind::Cancelled {
            tracing::debug!("connection closed: {error}");
        } else {
            tracing::warn!("connection closed: {error}");
        }
        let reason = || Event::Down(words::told(error));
        self.dialer.events.note(number, reason);
        let State { calls, wakers, .. } = state;
        calls.fail(number, link.taken, |delivery| {
            told(delivery).with_delivery(delivery)
        });
        for waker in wakers {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
        // It lets go of the stream.
        link.wake();
        self.room.notify_waiters();
    }

    /// The same when the driver has found out.
    #[cold]
    pub(super) fn lost(&self, number: u64, error: &Error) {
        let mut state = self.state.lock();
        let calls = state.in_flight(number);
        let Some(link) = state.links.get(number) else {
            return;
        };
        if link.is_idle(calls) {
            state.stale = number;
        }
        self.fail(&mut state, number, error, |delivery| {
            words::ended(error, delivery)
        });
    }

    /// A connection is made.
    pub(super) fn up(&self, link: Link, event: Event) {
        let mut state = self.state.lock();
        state.failures = Failures::default();
        state.connecting = None;
        self.dialer.events.note(link.number, || event);
        state.links.current = Some(link);
        drop(state);
        self.room.notify_waiters();
    }

    /// A connection cannot be made.
    #[cold]
    pub(super) fn not_up(&self, number: u64, began: Instant, error: Error) {
        let (kind, text) = (error.kind(), error.to_string());
        #[cfg(feature = "tracing")]
        tracing::warn!("not connected: {text}");
        let reason = || Event::Down(Error::new(kind, text.clone()));
        self.dialer.events.note(number, reason);
        let mut state = self.state.lock();
        let error = match self.dialer.backoff {
            Some(backoff) => state.failures.note(backoff, began, error),
            None => error,
        };
        let retry_at = error.retry_at();
        let failed = Failed {
            kind,
            text,
            retry_at,
        };
        state.connecting = None;
        state.failed = Some((number, failed));
        drop(state);
        self.room.notify_waiters();
    }

    /// A link gets no more calls. Those in flight have their time.
    #[cold]
    pub(super) fn retire(&self, state: &mut State, number: u64, reason: Error) {
        let State { calls, links, .. } = state;
        links.retire(number, calls, reason);
        self.room.notify_waiters();
        self.close_retired(state);
    }

    /// Ends links that nobody has a use for any more.
    fn close_retired(&self, state: &mut State) {
        while let Some((number, reason)) = state.links.unwanted(&state.calls) {
            self.fail(state, number, &reason, words::failed(&reason));
        }
    }

    /// Frees a slot, which a call that waits may have.
    pub(super) fn end(&self, state: &mut State, ticket: Ticket) {
        state.end(ticket);
        self.room.notify_one();
        self.close_retired(state);
    }

    /// Takes a call out of what is to be written. `false` when the driver has taken it.
    pub(super) fn cut(&self, state: &mut State, ticket: Ticket) -> bool {
        let place = state.calls.place_of(ticket);
        let Some(link) = state.links.get(place.link) else {
            return false;
        };
        if !link.cut((place.start, place.end)) {
            return false;
        }
        link.leaving.retain(|&slot| slot != ticket.slot);
        state.wakers[ticket.slot] = None;
        state.calls.cut(ticket);
        self.room.notify_one();
        self.close_retired(state);
        true
    }

    /// Nobody waits for a call any more.
    pub(super) fn abandon(&self, state: &mut State, ticket: Ticket) {
        state.wakers[ticket.slot] = None;
        let place = state.calls.place_of(ticket);
        if place.oneway
            && let Some(link) = state.links.get(place.link)
        {
            link.leaving.retain(|&slot| slot != ticket.slot);
        }
        state.calls.abandon(ticket);
        // Unless its slot stays taken.
        self.room.notify_one();
        self.close_retired(state);
    }

    /// Makes sure that there is a link, or that one is being made; `joined` is the attempt that the
    /// call waits for. `false` as long as there is none.
    pub(super) fn connected(
        self: &Arc<Self>,
        state: &mut State,
        joined: &mut Option<u64>,
    ) -> Result<bool> {
        if state.links.current.is_some() {
            return Ok(true);
        }
        if state.connecting.is_some() {
            *joined = state.connecting;
            return Ok(false);
        }
        if let (Some(joined), Some((number, failed))) = (joined.take(), &state.failed)
            && joined == *number
        {
            let error = Error::new(failed.kind, failed.text.clone());
            return Err(match failed.retry_at {
                Some(at) => error.with_retry_at(at),
                None => error,
            });
        }
        let began = Instant::now();
        state.failures.check(began)?;
        let runtime = runtime()?;
        state.begun += 1;
        let number = state.begun;
        self.dialer.events.note(number, || Event::Connecting);
        state.connecting = Some(number);
        *joined = Some(number);
        let task = runtime.spawn(driver::run(Arc::clone(self), number, began));
        state.task = Some(task.abort_handle());
        Ok(false)
    }

    /// Gives a call a slot and appends it to what is to be written, if there is room for it now.
    fn try_enter(
        self: &Arc<Self>,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
        joined: &mut Option<u64>,
    ) -> Result<Option<InFlight<'_>>> {
        let mut state = self.state.lock();
        if !self.connected(&mut state, joined)? {
            return Ok(None);
        }
        let State { calls, links, .. } = &mut *state;
        let Some(link) = &mut links.current else {
            return Ok(None);
        };
        if link.appended - link.sent >= OUT_BYTES {
            return Ok(None);
        }
        let number = link.number;
        let room = if link.exclusive { 1 } else { calls.room() };
        let full = link.exclusive && calls.awaited(number) > 0;
        let Some(ticket) = (!full).then(|| calls.begin()).flatten() else {
            if calls.is_clogged(number, room) {
                self.retire(&mut state, number, words::clogged());
            }
            return Ok(None);
        };
        match link.append(options, |out| encode(ticket.sequence_id, out)) {
            Ok(bytes) => {
                let place = Place {
                    replies: link.replies,
                    lossy: link.lossy,
                    ..Place::new(number, bytes, options, link.exclusive)
                };
                calls.place(ticket, place);
                calls.await_headers(ticket, options.reply_headers.clone());
            }
            Err(error) => {
                self.end(&mut state, ticket);
                return Err(error);
            }
        }
        if options.oneway {
            link.leaving.push(ticket.slot);
        }
        link.wake();
        let in_flight = InFlight::new(self, ticket, number, options.clone());
        drop(state);
        // Perhaps there is more room than for one.
        self.room.notify_one();
        Ok(Some(in_flight))
    }

    /// Notes how far a link is that has too much to write, once. When to look again though nothing
    /// happens: a call that was given up is overdue then.
    fn look(&self, stuck: &mut Option<(u64, u64)>) -> Option<Instant> {
        let state = self.state.lock();
        let link = state.links.current.as_ref()?;
        if link.appended - link.sent >= OUT_BYTES {
            stuck.get_or_insert((link.number, link.sent));
        }
        state.calls.next_due(link.number)
    }

    /// The same, waiting for room.
    pub(super) async fn enter(
        self: &Arc<Self>,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<InFlight<'_>> {
        if options.deadline.left().is_none() {
            return Err(words::too_late(&options.deadline));
        }
        let mut joined = None;
        let mut stuck = None;
        loop {
            // Before looking, so that nothing is missed in between.
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            let entered = self.try_enter(options, encode, &mut joined);
            self.dialer.events.tell();
            if let Some(in_flight) = entered? {
                return Ok(in_flight);
            }
            let (at, deadline) = (options.deadline.at(), &options.deadline);
            let due = self.look(&mut stuck);
            if by(due.map_or(at, |due| due.min(at)), room).await || deadline.left().is_some() {
                continue;
            }
            let mut state = self.state.lock();
            let calls = state.calls.len();
            let Some(link) = &state.links.current else {
                return Err(not_connected(deadline));
            };
            let number = link.number;
            if stuck == Some((number, link.sent)) {
                // Nothing was taken all the time.
                self.retire(&mut state, number, words::not_taken(deadline));
            }
            return Err(words::no_room(calls, deadline));
        }
    }
}

/// # Errors
/// When this is no task of tokio's.
pub(super) fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|error| {
        let text = "an async client takes a runtime of tokio, and there is none here";
        Error::new(ErrorKind::Config, text).with_source(error)
    })
}

/// Waits for a future until a time. Whether it came in time.
async fn by(time: Instant, mut future: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut late = pin!(sleep_until(time.into()));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => late.as_mut().poll(cx).map(|()| false),
    })
    .await
}
