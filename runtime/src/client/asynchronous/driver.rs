//! The task that reads and writes for all calls of a connection.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::{Sleep, sleep, sleep_until};

use super::connection::Connection;
use super::link::Link;
use crate::client::connection::calls::Whose;
use crate::client::connection::{STALL, words};
use crate::client::events::Event;
use crate::envelope::Envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::peer::Peer;
use crate::transport::{AsyncStream, Decoded, Decoder, Inbox, Setup, explain_reply, shrink_out};

/// Steps before other tasks have their turn.
const STEPS: usize = 32;

/// Makes a connection, and reads and writes until it ends.
pub(super) async fn run(connection: Arc<Connection>, number: u64, began: Instant) {
    let mut watched = Watched {
        connection: &connection,
        number,
        began,
        ended: false,
    };
    match connect(&connection).await {
        Ok(stream) => {
            let mut driver = Driver::new(&connection, number, stream);
            let end = poll_fn(|cx| driver.poll(cx)).await;
            drop(driver);
            if let Some(error) = end {
                connection.lost(number, &error);
            }
        }
        Err(error) => connection.not_up(number, began, error),
    }
    watched.ended = true;
    connection.dialer.events.tell();
}

/// Connects, and gives up when that takes too long.
async fn connect(connection: &Connection) -> Result<AsyncStream> {
    let dialer = &connection.dialer;
    let mut connecting = (dialer.connect)();
    let mut late = pin!(sleep(dialer.time));
    poll_fn(|cx| match connecting.as_mut().poll(cx) {
        Poll::Pending => late.as_mut().poll(cx).map(|()| {
            let text = format!("not connected within {} ms", dialer.time.as_millis());
            Err(Error::new(ErrorKind::Timeout, text))
        }),
        connected @ Poll::Ready(_) => connected,
    })
    .await
}

/// Fails the calls of a driver that is dropped before its end, as runtimes do that shut down.
struct Watched<'a> {
    connection: &'a Connection,
    number: u64,
    began: Instant,
    ended: bool,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let text = "the runtime that the connection belongs to has ended";
        let error = Error::new(ErrorKind::Closed, text);
        let connecting = self.connection.state.lock().connecting;
        if connecting == Some(self.number) {
            self.connection.not_up(self.number, self.began, error);
        } else {
            self.connection.lost(self.number, &error);
        }
        self.connection.dialer.events.tell();
    }
}

struct Driver<'a> {
    connection: &'a Connection,
    number: u64,
    stream: AsyncStream,
    decoder: Box<dyn Decoder>,
    inbox: Inbox,
    /// How many bytes are missing from the reply that has begun to arrive.
    missing: usize,
    /// What is being written, and how much of it is.
    writing: Vec<u8>,
    written: usize,
    /// The stream may keep what was written.
    unflushed: bool,
    /// No reply has been understood yet, so the server may speak anything.
    first: bool,
    timer: Option<Pin<Box<Sleep>>>,
    /// Why nothing more can be written, and when that is the end.
    broken: Option<(Error, Pin<Box<Sleep>>)>,
}

/// Why a driver ends: an error that its link is to fail with, unless somebody has ended that already.
type End = Option<Error>;

impl<'a> Driver<'a> {
    fn new(connection: &'a Connection, number: u64, stream: AsyncStream) -> Self {
        let dialer = &connection.dialer;
        let setup = Setup::new(&dialer.limits, dialer.wire);
        let (decoder, encoder) = dialer.transport.open(&setup);
        let peer = stream.peer().clone();
        #[cfg(feature = "tracing")]
        tracing::debug!(%peer, "connected");
        let exclusive = dialer.transport.is_exclusive();
        let lossy = matches!(peer, Peer::Udp(_));
        connection.up(
            Link::new(number, encoder, exclusive, lossy),
            Event::Up(peer),
        );
        connection.dialer.events.tell();
        Self {
            connection,
            number,
            stream,
            decoder,
            inbox: Inbox::default(),
            missing: 1,
            writing: Vec::new(),
            written: 0,
            unflushed: false,
            first: true,
            timer: None,
            broken: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..STEPS {
            match self.step(cx) {
                Ok(true) => {}
                Ok(false) => {
                    self.inbox.shrink();
                    self.decoder.shrink();
                    return match self.watch(cx) {
                        Ok(()) => Poll::Pending,
                        Err(end) => Poll::Ready(end),
                    };
                }
                Err(end) => return Poll::Ready(end),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads and writes once. `false` when neither can be done now.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let read = self.read(cx)?;
        let wrote = match self.broken {
            Some(_) => self.linger(cx, read)?,
            None => self.write(cx)?,
        };
        Ok(read || wrote)
    }

    /// Nothing more can be written. The server may have said why, which the runtime has perhaps not heard
    /// yet, so it is read until nothing more comes.
    #[cold]
    fn end_writing(&mut self, error: io::Error) {
        self.broken = Some((error.into(), Box::pin(sleep(STALL))));
    }

    /// Waits for what is still read then. `false` while it may come.
    #[cold]
    fn linger(&mut self, cx: &mut Context<'_>, read: bool) -> Result<bool, End> {
        let Some((error, mut timer)) = self.broken.take() else {
            return Ok(true);
        };
        if read {
            timer.as_mut().reset(tokio::time::Instant::now() + STALL);
        } else if timer.as_mut().poll(cx).is_ready() {
            return Err(Some(error));
        }
        self.broken = Some((error, timer));
        Ok(read)
    }

    /// Reads once, and hands out the replies that are whole.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let Self { stream, inbox, .. } = self;
        match inbox.fill_with(self.missing, |buffer| stream.read_now(cx, buffer)) {
            Ok(0) => return Err(Some(self.closed())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // What a server leaves unread when it closes comes back as a reset.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Err(Some(self.closed().with_source(error)));
            }
            Err(error) => return Err(Some(error.into())),
        }
        loop {
            let bytes = self.inbox.bytes();
            match self.decoder.decode(bytes) {
                Ok(
                    found @ (Decoded::Message { message, consumed }
                    | Decoded::Enveloped {
                        message, consumed, ..
                    }),
                ) => {
                    hand_out(self.connection, self.number, message, found.envelope())?;
                    self.inbox.consume(consumed);
                    self.first = false;
                }
                Ok(Decoded::NeedMore(missing)) => {
                    self.missing = missing;
                    return Ok(true);
                }
                Err(error) if self.first => {
                    let dialer = &self.connection.dialer;
                    let name = &dialer.transport_name;
                    return Err(Some(explain_reply(error, bytes, name, dialer.wire.name())));
                }
                Err(error) => return Err(Some(error)),
            }
        }
    }

    /// The connection ended instead of a reply.
    #[cold]
    fn closed(&self) -> Error {
        if self.connection.state.lock().in_flight(self.number) == 0 {
            return words::stale();
        }
        let dialer = &self.connection.dialer;
        words::closed(self.first, &dialer.transport_name, dialer.wire.name())
    }

    /// Writes once. `false` when there is nothing to write, or the peer takes nothing.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.written == self.writing.len() && !self.take(cx)? {
            return Ok(self.flush(cx));
        }
        let result = self.stream.write_now(cx, &self.writing[self.written..]);
        let mut state = self.connection.state.lock();
        let Some(link) = state.links.get(self.number) else {
            return Err(None);
        };
        match result {
            Ok(bytes) => {
                (self.written, self.unflushed) = (self.written + bytes, true);
                link.sent += bytes as u64;
                state.wake_sent(self.number);
                // Calls may wait until there are fewer bytes to write.
                self.connection.room.notify_one();
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                link.driver = Some(cx.waker().clone());
                Ok(false)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) if link.lossy => Err(Some(error.into())),
            Err(error) => {
                drop(state);
                self.end_writing(error);
                Ok(true)
            }
        }
    }

    /// Takes what calls have appended. `false` when there is nothing.
    fn take(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        shrink_out(&mut self.writing);
        self.written = 0;
        let mut state = self.connection.state.lock();
        let calls = state.in_flight(self.number);
        let Some(link) = state.links.get(self.number) else {
            return Err(None);
        };
        if !link.has_out() {
            link.driver = Some(cx.waker().clone());
            return Ok(false);
        }
        // Where nothing is in flight, it has to be seen first whether anybody is there.
        if link.is_idle(calls) && !self.stream.is_quiet(cx) {
            drop(state);
            return Err(Some(self.closed()));
        }
        link.take(&mut self.writing);
        Ok(true)
    }

    /// Hands over what the stream has kept. `true` when there is something new to do.
    fn flush(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.unflushed {
            return false;
        }
        match self.stream.flush_now(cx) {
            Ok(()) => {
                self.unflushed = false;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                self.end_writing(error);
                true
            }
        }
    }

    /// Looks whether a call that was dropped has waited for long enough to say that nobody is there.
    fn watch(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let mut state = self.connection.state.lock();
        loop {
            let Some(link) = state.links.get(self.number) else {
                return Err(None);
            };
            let Some(mut doubt) = link.doubt else {
                return Ok(());
            };
            let replies = link.replies;
            let at = doubt.at.into();
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            let waited_for = state.calls.has_abandoned(self.number);
            if waited_for && doubt.replies == replies {
                self.connection
                    .retire(&mut state, self.number, words::deserted());
            }
            (doubt.at, doubt.replies) = (Instant::now() + doubt.time, replies);
            // Retired links have forgotten such calls.
            let doubt = state.calls.has_abandoned(self.number).then_some(doubt);
            if let Some(link) = state.links.get(self.number) {
                link.doubt = doubt;
            }
        }
    }
}

/// Gives a message to the call that it answers.
fn hand_out(
    connection: &Connection,
    number: u64,
    message: &[u8],
    envelope: Option<&Envelope>,
) -> Result<(), End> {
    let dialer = &connection.dialer;
    let mut state = connection.state.lock();
    let Some(link) = state.links.get(number) else {
        return Err(None);
    };
    link.replies += 1;
    if link.exclusive && message.is_empty() {
        return match state.calls.acknowledge(number) {
            Whose::Abandoned => {
                connection.room.notify_one();
                Ok(())
            }
            Whose::Call(slot) => {
                state.wake(slot);
                Ok(())
            }
            Whose::Nobody => Err(Some(words::no_message())),
        };
    }
    let (lossy, sent) = (link.lossy, link.sent);
    if let Some(theirs) = envelope.and_then(|envelope| envelope.protocol)
        && theirs != dialer.wire.name()
    {
        let error = words::other_protocol(theirs, dialer.wire.name());
        return Err(Some(error));
    }
    let head = match dialer.wire.read_head(message, &dialer.limits) {
        Ok((head, _)) => head,
        Err(_) if lossy => return Ok(()),
        Err(error) => {
            let name = &dialer.transport_name;
            return Err(Some(words::unreadable(error, message, name, dialer.wire)));
        }
    };
    let id = head.sequence_id;
    match state.calls.whose(number, id) {
        Whose::Call(slot) if lossy && state.calls.end_of_slot(slot) > sent => Ok(()),
        Whose::Call(slot) if state.calls.end_of_slot(slot) > sent => Err(Some(words::too_early())),
        Whose::Call(slot) => {
            let mut reply = state.spare.pop().unwrap_or_default();
            reply.extend_from_slice(message);
            state.calls.leave_headers(slot, envelope);
            state.calls.answer(slot, id, reply);
            state.wake(slot);
            Ok(())
        }
        Whose::Abandoned => {
            connection.room.notify_one();
            Ok(())
        }
        // Of one that was given up, probably.
        Whose::Nobody if lossy || state.links.is_retired(number) => Ok(()),
        Whose::Nobody => {
            let reading = (dialer.wire, &dialer.limits);
            Err(Some(words::nobodys(&head, message, reading)))
        }
    }
}
