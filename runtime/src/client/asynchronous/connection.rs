//! What the calls of an async client and the driver of its connection share.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

use super::dial::Dialer;
use super::driver;
use crate::client::CallOptions;
use crate::client::connection::calls::{Calls, Progress, Ticket};
use crate::client::connection::{SPARE, SPARE_BYTES_MAX, words};
use crate::client::events::Event;
use crate::client::failures::{Failures, not_connected};
use crate::config::ReplyOrder;
use crate::deadline::Deadline;
use crate::error::{Delivery, Error, ErrorKind, Result};
use crate::transport::{Encoder, shrink_out};

/// A call waits to be appended while so many bytes are not written.
const OUT_BYTES: u64 = 256 * 1024;

/// The clients' side of a connection. When the last of them is gone, so is the connection.
pub(super) struct Owner(Arc<Connection>);

pub(super) struct Connection {
    pub(super) dialer: Dialer,
    pub(super) state: Mutex<State>,
    /// Where calls wait for a connection, for a slot, or for bytes to be written.
    pub(super) room: Notify,
}

pub(super) struct State {
    pub(super) calls: Calls,
    /// Who waits for what comes of the call in each slot.
    wakers: Vec<Option<Waker>>,
    pub(super) link: Option<Link>,
    /// The attempt to connect that is being made.
    pub(super) connecting: Option<u64>,
    /// How many attempts were begun.
    begun: u64,
    failures: Failures,
    /// The last attempt that failed, and why.
    failed: Option<(u64, Failed)>,
    /// The last link that was lost while every call on it was still to be written.
    stale: u64,
    /// Of the driver.
    task: Option<AbortHandle>,
    pub(super) spare: Vec<Vec<u8>>,
}

/// An error for everybody who waited.
struct Failed {
    kind: ErrorKind,
    text: String,
    retry_at: Option<Instant>,
}

/// A connection, as long as it is good for calls.
pub(super) struct Link {
    pub(super) number: u64,
    encoder: Box<dyn Encoder>,
    /// What the driver has not taken yet.
    out: Vec<u8>,
    /// How many calls that holds.
    waiting: usize,
    /// How many bytes of the stream have left, how many the driver has taken, and how many there are.
    pub(super) sent: u64,
    pub(super) taken: u64,
    appended: u64,
    /// The peer takes no more bytes at the moment.
    pub(super) blocked: bool,
    /// How many replies have come.
    pub(super) replies: u64,
    /// Wakes the driver.
    pub(super) driver: Option<Waker>,
    /// Oneway calls whose last byte has not left, by slot.
    leaving: Vec<usize>,
    /// Whether anybody is there has to be found out.
    pub(super) doubt: Option<Doubt>,
}

/// A call was dropped before its reply came. If none has come by its deadline, there is nobody.
pub(super) struct Doubt {
    pub(super) at: Instant,
    pub(super) replies: u64,
    /// For how long the next one is.
    pub(super) time: Duration,
}

/// A reply that has to be decoded.
pub(super) struct Reply {
    pub(super) sequence_id: i32,
    pub(super) message: Vec<u8>,
    link: u64,
}

impl Link {
    pub(super) fn new(number: u64, encoder: Box<dyn Encoder>) -> Self {
        Self {
            number,
            encoder,
            out: Vec::new(),
            sent: 0,
            taken: 0,
            appended: 0,
            waiting: 0,
            blocked: false,
            replies: 0,
            driver: None,
            leaving: Vec::new(),
            doubt: None,
        }
    }

    /// Appends a message, and returns where in the stream it starts and ends.
    fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<(u64, u64)> {
        let out = &mut self.out;
        let before = out.len();
        let start = self.encoder.begin(out);
        let encoded = encode(out).and_then(|()| self.encoder.end(out, start));
        if let Err(error) = encoded {
            out.truncate(before);
            if before == 0 {
                shrink_out(out);
            }
            return Err(error);
        }
        let place = self.appended;
        self.waiting += 1;
        self.appended += (out.len() - before) as u64;
        Ok((place, self.appended))
    }

    pub(super) fn has_out(&self) -> bool {
        !self.out.is_empty()
    }

    /// Takes what is to be written, in exchange for an empty buffer.
    pub(super) fn take(&mut self, writing: &mut Vec<u8>) {
        mem::swap(&mut self.out, writing);
        self.taken += writing.len() as u64;
        self.waiting = 0;
    }

    /// Whether of so many calls that are in flight none has been written.
    pub(super) fn is_idle(&self, calls: usize) -> bool {
        calls == self.waiting
    }

    pub(super) fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

impl State {
    /// Lets the call in a slot see what has come of it.
    pub(super) fn wake(&mut self, slot: usize) {
        if let Some(waker) = self.wakers[slot].take() {
            waker.wake();
        }
    }

    /// Wakes oneway calls that have left.
    pub(super) fn wake_sent(&mut self) {
        let Some(link) = &mut self.link else { return };
        let (calls, sent, wakers) = (&self.calls, link.sent, &mut self.wakers);
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

    fn link(&mut self, number: u64) -> Option<&mut Link> {
        self.link.as_mut().filter(|link| link.number == number)
    }
}

impl Connection {
    /// Ends a link and all of its calls, and has those told.
    #[cold]
    fn fail(
        &self,
        state: &mut State,
        number: u64,
        error: &Error,
        told: impl Fn(Delivery) -> Error,
    ) {
        if state.link(number).is_none() {
            return;
        }
        let Some(mut link) = state.link.take() else {
            return;
        };
        #[cfg(feature = "tracing")]
        if error.kind() == ErrorKind::Cancelled {
            tracing::debug!("connection closed: {error}");
        } else {
            tracing::warn!("connection closed: {error}");
        }
        let reason = || Event::Down(Error::new(error.kind(), error.to_string()));
        self.dialer.events.note(number, reason);
        state.calls.fail(link.taken, |delivery| {
            told(delivery).with_delivery(delivery)
        });
        for waker in &mut state.wakers {
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
        let calls = state.calls.len();
        let Some(link) = state.link(number) else {
            return;
        };
        if link.is_idle(calls) {
            state.stale = number;
        }
        self.fail(&mut state, number, error, |delivery| match delivery {
            // Whatever it was, such a call can be made again.
            Delivery::NotSent => Error::new(ErrorKind::Closed, error.to_string()),
            _ => Error::new(error.kind(), error.to_string()),
        });
    }

    /// A connection is made.
    pub(super) fn up(&self, link: Link, event: Event) {
        let mut state = self.state.lock();
        state.failures = Failures::default();
        state.connecting = None;
        self.dialer.events.note(link.number, || event);
        state.link = Some(link);
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

    /// Frees a slot, which a call that waits may have.
    fn end(&self, state: &mut State, ticket: Ticket) {
        state.end(ticket);
        self.room.notify_one();
    }

    /// Makes sure that there is a link, or that one is being made; `joined` is the attempt that the
    /// call waits for. `false` as long as there is none.
    fn connected(self: &Arc<Self>, state: &mut State, joined: &mut Option<u64>) -> Result<bool> {
        if state.link.is_some() {
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
        let State { calls, link, .. } = &mut *state;
        let Some(link) = link else { return Ok(None) };
        if link.appended - link.sent >= OUT_BYTES {
            return Ok(None);
        }
        let Some(ticket) = calls.begin() else {
            return Ok(None);
        };
        match link.append(|out| encode(ticket.sequence_id, out)) {
            Ok(place) => calls.place(ticket, place, link.replies, options.oneway),
            Err(error) => {
                self.end(&mut state, ticket);
                return Err(error);
            }
        }
        if options.oneway {
            link.leaving.push(ticket.slot);
        }
        link.wake();
        let in_flight = InFlight {
            connection: self,
            ticket,
            link: link.number,
            options: *options,
            ended: false,
        };
        drop(state);
        // Perhaps there is more room than for one.
        self.room.notify_one();
        Ok(Some(in_flight))
    }

    /// The same, waiting for room.
    async fn enter(
        self: &Arc<Self>,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<InFlight<'_>> {
        let mut joined = None;
        loop {
            // Before looking, so that nothing is missed in between.
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            let entered = self.try_enter(options, encode, &mut joined);
            self.dialer.events.tell();
            if let Some(in_flight) = entered? {
                return Ok(in_flight);
            }
            if !by(&options.deadline, room).await {
                let state = self.state.lock();
                let deadline = &options.deadline;
                return Err(match state.link {
                    Some(_) => words::no_room(state.calls.len(), deadline),
                    None => not_connected(deadline),
                });
            }
        }
    }
}

fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|error| {
        let text = "an async client takes a runtime of tokio, and there is none here";
        Error::new(ErrorKind::Config, text).with_source(error)
    })
}

/// Waits for a future until a deadline. Whether it came in time.
async fn by(deadline: &Deadline, mut future: Pin<&mut impl Future<Output = ()>>) -> bool {
    let mut late = pin!(sleep_until(deadline.at().into()));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => late.as_mut().poll(cx).map(|()| false),
    })
    .await
}

impl Owner {
    pub(super) fn new(dialer: Dialer, calls_max: usize, reply_order: ReplyOrder) -> Self {
        let state = State {
            calls: Calls::new(calls_max, reply_order),
            wakers: (0..calls_max).map(|_| None).collect(),
            link: None,
            connecting: None,
            begun: 0,
            failures: Failures::default(),
            failed: None,
            stale: 0,
            task: None,
            spare: Vec::new(),
        };
        Self(Arc::new(Connection {
            dialer,
            state: Mutex::new(state),
            room: Notify::new(),
        }))
    }

    /// Connects at once, so that a wrong address is noticed early.
    pub(super) async fn connect(&self) -> Result<()> {
        let connection = &self.0;
        let mut joined = None;
        loop {
            let mut room = pin!(connection.room.notified());
            room.as_mut().enable();
            let connected = connection.connected(&mut connection.state.lock(), &mut joined);
            connection.dialer.events.tell();
            if connected? {
                return Ok(());
            }
            // The attempt has an end of its own.
            room.await;
        }
    }

    /// Makes a call, and waits for its reply.
    pub(super) async fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Reply> {
        let reply = self.run(options, encode).await?;
        reply.ok_or_else(words::gone)
    }

    /// Makes a oneway call, and waits until it has left.
    pub(super) async fn send(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.run(options, encode).await.map(drop)
    }

    async fn run(
        &self,
        options: &CallOptions,
        encode: &mut impl FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Reply>> {
        runtime()?;
        let mut again = true;
        loop {
            let entered = self.0.enter(options, encode).await;
            let mut call = entered.map_err(|error| error.with_delivery(Delivery::NotSent))?;
            let link = call.link;
            match call.wait().await {
                // The server had closed the connection before the call was made.
                Err(error)
                    if error.delivery() == Delivery::NotSent
                        && self.0.state.lock().stale == link
                        && mem::take(&mut again) => {}
                ended => return ended,
            }
        }
    }

    /// Takes the memory of a reply back. One that made no sense ends the connection.
    pub(super) fn done_with(&self, reply: Reply, error: Option<&Error>) {
        let mut state = self.0.state.lock();
        if let Some(error) = error {
            let told = words::failed(error);
            self.0.fail(&mut state, reply.link, error, told);
        }
        let mut message = reply.message;
        if message.capacity() <= SPARE_BYTES_MAX && state.spare.len() < SPARE {
            message.clear();
            state.spare.push(message);
        }
        drop(state);
        if error.is_some() {
            self.0.dialer.events.tell();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        let task = state.task.take();
        if let Some(number) = state.connecting.take() {
            let reason = || Event::Down(words::dropped());
            self.0.dialer.events.note(number, reason);
        }
        if let Some(link) = &state.link {
            let number = link.number;
            let (dropped, told) = (words::dropped(), |_| words::dropped());
            self.0.fail(&mut state, number, &dropped, told);
        }
        drop(state);
        if let Some(task) = task {
            task.abort();
        }
        self.0.dialer.events.tell();
    }
}

/// A call that was appended, and is given up when this is dropped.
struct InFlight<'a> {
    connection: &'a Connection,
    ticket: Ticket,
    link: u64,
    options: CallOptions,
    ended: bool,
}

impl InFlight<'_> {
    /// Waits for its reply or, if it is oneway, until it has left.
    async fn wait(&mut self) -> Result<Option<Reply>> {
        let deadline = self.options.deadline;
        let mut late = pin!(sleep_until(deadline.at().into()));
        let ended = poll_fn(|cx| match self.poll(cx) {
            Poll::Pending => match late.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(self.expire())),
                Poll::Pending => Poll::Pending,
            },
            ended @ Poll::Ready(_) => ended,
        })
        .await;
        self.ended = true;
        ended
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Reply>>> {
        let mut state = self.connection.state.lock();
        let ended = match state.calls.progress(self.ticket) {
            Progress::Answered(sequence_id, message) => Ok(Some(Reply {
                sequence_id,
                message,
                link: self.link,
            })),
            Progress::Failed(error) => Err(error),
            Progress::Waiting if self.has_left(&mut state) => Ok(None),
            Progress::Waiting => {
                let waker = &mut state.wakers[self.ticket.slot];
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                return Poll::Pending;
            }
        };
        self.connection.end(&mut state, self.ticket);
        Poll::Ready(ended)
    }

    /// Whether it is oneway and has left.
    fn has_left(&self, state: &mut State) -> bool {
        let end = state.calls.end_of(self.ticket);
        let link = state.link(self.link);
        self.options.oneway && link.is_some_and(|link| link.sent >= end)
    }

    /// Its time is over.
    #[cold]
    fn expire(&mut self) -> Error {
        let mut state = self.connection.state.lock();
        let deadline = &self.options.deadline;
        let (start, end) = (
            state.calls.start_of(self.ticket),
            state.calls.end_of(self.ticket),
        );
        let Some(link) = state.link(self.link) else {
            self.connection.end(&mut state, self.ticket);
            return words::gone();
        };
        let (taken, replies) = (link.taken, link.replies);
        let unsent = link.sent < end;
        let error = if unsent {
            let delivery = [Delivery::NotSent, Delivery::Sent][usize::from(start < taken)];
            words::not_taken(deadline).with_delivery(delivery)
        } else {
            words::no_reply(deadline)
        };
        // Either the peer takes nothing any more, or perhaps nobody is there; with another connection
        // that will show.
        if (unsent && link.blocked) || state.calls.is_silent_since(self.ticket, replies) {
            self.connection.end(&mut state, self.ticket);
            let told = words::failed(&error);
            self.connection.fail(&mut state, self.link, &error, told);
            drop(state);
            self.connection.dialer.events.tell();
            return error;
        }
        self.give_up(&mut state);
        if unsent {
            // The driver has not had its turn yet, and will write it.
            return error.with_delivery(Delivery::Sent);
        }
        error
    }

    fn give_up(&self, state: &mut State) {
        state.wakers[self.ticket.slot] = None;
        if self.options.oneway {
            if let Some(link) = state.link(self.link) {
                link.leaving.retain(|&slot| slot != self.ticket.slot);
            }
            return self.connection.end(state, self.ticket);
        }
        state.calls.abandon(self.ticket);
        // Unless it has ended already, and its slot is free now.
        self.connection.room.notify_one();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if mem::replace(&mut self.ended, true) {
            return;
        }
        let mut state = self.connection.state.lock();
        self.give_up(&mut state);
        let deadline = &self.options.deadline;
        if let Some(link) = state.link(self.link)
            && link.doubt.is_none()
            && !self.options.oneway
        {
            link.doubt = Some(Doubt {
                at: deadline.at(),
                replies: link.replies,
                time: deadline.left().unwrap_or(Duration::from_millis(1)),
            });
            link.wake();
        }
    }
}
