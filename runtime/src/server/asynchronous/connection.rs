//! One connection: a future that reads, has messages answered, and writes, as far as each can be done.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::time::{Sleep, sleep_until};

use super::calls::{Call, Calls, Service};
use super::outlet::Outlet;
use crate::config::ServerTimeouts;
use crate::error::{Error, ErrorKind};
use crate::processor::caught;
use crate::server::batch::Batch;
use crate::server::connection::{Buffers, OUT_BYTES};
use crate::server::counters::Counters;
use crate::server::end::{End, Last};
use crate::server::engine::{Engine, Found};
use crate::server::events;
use crate::server::pace::{HEADER_BYTES, Pace, time_to_read};
use crate::server::refusal::Refusal;
use crate::server::shared::{Permit, Shared};
use crate::transport::{AsyncStream, Closer, Inbox, shrink_out};
use crate::wire::MessageKind;

/// Steps before other tasks have their turn.
const STEPS: usize = 32;

thread_local! {
    /// Buffers for the connections that a thread polls, one at a time.
    static SPARE: RefCell<Buffers> = RefCell::default();
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is about something else"
)]
pub(super) struct Connection {
    stream: AsyncStream,
    engine: Engine,
    /// Both ends still agree on how to speak.
    handshaking: bool,
    service: Arc<Service>,
    inbox: Inbox,
    /// How many bytes are missing from the message that has begun to arrive.
    missing: usize,
    /// What has arrived may hold a whole message, which comes before anything that is read.
    left: bool,
    /// When that message began to arrive or, between messages, when the last one was answered.
    pace: Pace,
    /// When the calls that are in the inbox arrived, as for [`Batch`].
    arrived: Instant,
    calls: Calls,
    /// Absent until the first message was found.
    outlet: Option<Arc<Outlet>>,
    /// What is being written, how much of it is, and since when.
    writing: Vec<u8>,
    written: usize,
    writing_pace: Pace,
    /// The stream may keep what was written.
    unflushed: bool,
    timer: Option<Pin<Box<Sleep>>>,
    last: Last,
    /// While the server shuts down: it is being looked whether something has arrived.
    looking: bool,
    /// Nothing more is read: it ends when its answers are written.
    end: Option<End>,
    woken: Arc<Woken>,
    // The last field, so that the stream is closed when the connection is counted out.
    permit: Permit,
}

/// Has a connection look what the server is about to do.
#[derive(Default)]
struct Woken(Mutex<Option<Waker>>);

impl Woken {
    fn wake(&self) {
        let waker = self.0.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn register(&self, waker: &Waker) {
        let mut own = self.0.lock();
        match &mut *own {
            Some(own) => own.clone_from(waker),
            None => *own = Some(waker.clone()),
        }
    }
}

impl Connection {
    /// Serves a connection in a task of its own, unless there are too many.
    pub(super) fn spawn(stream: AsyncStream, shared: &Arc<Shared>, service: &Arc<Service>) {
        let woken = Arc::<Woken>::default();
        let closer = || {
            let woken = Arc::clone(&woken);
            Closer::new(move |_| woken.wake())
        };
        let Some(permit) = shared.admit_peer(stream.peer(), closer) else {
            return;
        };
        let engine = Engine::new(shared, stream.peer().clone());
        events::opened(engine.peer());
        let now = Instant::now();
        let connection = Self {
            handshaking: stream.is_handshaking(),
            stream,
            engine,
            service: Arc::clone(service),
            inbox: Inbox::default(),
            missing: 1,
            left: false,
            pace: Pace::start(now),
            arrived: now,
            calls: Calls::new(service.at_once),
            outlet: None,
            writing: Vec::new(),
            written: 0,
            writing_pace: Pace::start(now),
            unflushed: false,
            timer: None,
            last: Last::default(),
            looking: false,
            end: None,
            woken,
            permit,
        };
        tokio::spawn(connection.run());
    }

    async fn run(mut self) {
        let ended = caught(poll_fn(|cx| self.poll(cx))).await;
        let end = ended.unwrap_or_else(|_| {
            // The processor's panics are caught further in; this is for a stream or transport of a
            // user's own.
            let text = "a stream or transport panicked";
            End::Failed(Error::new(ErrorKind::Handler, text))
        });
        end.report(self.shared(), self.engine.peer());
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.woken.register(cx.waker());
        if self.shared().is_cut() {
            return Poll::Ready(End::Shutdown);
        }
        self.borrow();
        let polled = self.advance(cx);
        self.give_back();
        polled
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut now = Instant::now();
        for _ in 0..STEPS {
            match self.step(cx, &mut now) {
                Ok(true) => {}
                Ok(false) => return self.wait(cx, now),
                Err(end) => return Poll::Ready(end),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does once what can be done. `false` when nothing can. What handlers do may take them long, and
    /// the clock is asked again then.
    fn step(&mut self, cx: &mut Context<'_>, now: &mut Instant) -> Result<bool, End> {
        let mut moved = self.calls.poll(cx);
        if moved {
            *now = Instant::now();
            self.pace = Pace::start(*now);
        }
        moved |= self.write(cx, *now)?;
        if self.dispatch(cx, *now)? {
            moved = true;
            *now = Instant::now();
            self.pace = Pace::start(*now);
        }
        moved |= self.read(cx, *now)?;
        if self.end.is_some()
            && self.calls.len() == 0
            && self.has_written()
            && let Some(end) = self.end.take()
        {
            return Err(end);
        }
        Ok(moved)
    }

    /// Starts the calls that have arrived, or refuses them. Whether there were any.
    fn dispatch(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        let shared = Arc::clone(self.permit.shared());
        let mut batch = Batch::new(self.arrived, now);
        let mut moved = false;
        self.left = !self.inbox.is_empty();
        while self.takes_calls() && self.left {
            if shared.is_cut() {
                return Err(End::Shutdown);
            }
            let (protocol, envelope, message, consumed, oneway) =
                match self.engine.find(&shared, self.inbox.bytes()) {
                    Ok(Found::Message(request, consumed)) => {
                        let message = request.message.to_vec();
                        let oneway = request.head.kind == MessageKind::Oneway;
                        (
                            request.protocol,
                            request.envelope,
                            message,
                            consumed,
                            oneway,
                        )
                    }
                    Ok(Found::NeedMore(missing)) => {
                        (self.missing, self.left) = (missing, false);
                        break;
                    }
                    Err(error) => {
                        if let Some(outlet) = self.outlet() {
                            outlet.refuse(&self.engine.no_message(&shared, &error));
                        }
                        self.end = Some(End::Failed(error));
                        return Ok(true);
                    }
                };
            let Some(outlet) = self.outlet() else {
                let text = "the transport has no encoder";
                self.end = Some(End::Failed(Error::new(ErrorKind::Malformed, text)));
                return Ok(true);
            };
            // Written before the call is found again, and run.
            if oneway && outlet.acknowledge() {
                return Ok(true);
            }
            moved = true;
            self.inbox.consume(consumed);
            self.last.answered();
            (self.missing, self.left) = (1, !self.inbox.is_empty());
            let call = Call {
                shared: Arc::clone(&shared),
                service: Arc::clone(&self.service),
                outlet,
                protocol,
                envelope,
                message,
                arrived: self.arrived,
            };
            let refusal = self.last.refusal().or_else(|| batch.refusal(&shared));
            self.start(cx, call, refusal);
            if self.left && batch.is_slow(&shared, !self.has_written()) {
                break;
            }
        }
        Ok(moved)
    }

    fn start(&mut self, cx: &mut Context<'_>, call: Call, refusal: Option<Refusal>) {
        if let Some(why) = refusal {
            return call.refuse(why);
        }
        if let Some(running) = call.start() {
            self.calls.start(running);
            if matches!(self.calls, Calls::One(_)) {
                self.calls.poll(cx);
            }
        }
    }

    fn outlet(&mut self) -> Option<Arc<Outlet>> {
        if self.outlet.is_none() {
            let encoder = self.engine.take_encoder()?;
            self.outlet = Some(Arc::new(Outlet::new(encoder, self.engine.context())));
        }
        self.outlet.clone()
    }

    /// Whether another call may begin.
    fn takes_calls(&self) -> bool {
        self.end.is_none()
            && self.calls.len() < self.service.at_once
            && self.unwritten() < OUT_BYTES
    }

    /// How many bytes of answers are not written.
    fn unwritten(&self) -> usize {
        self.outlet.as_ref().map_or(0, |outlet| outlet.unwritten())
    }

    fn has_written(&self) -> bool {
        self.unwritten() == 0 && !self.unflushed
    }

    /// Reads once. `false` when there is nothing, or no more is wanted.
    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        if !self.takes_calls() || self.left {
            return Ok(false);
        }
        let between = self.inbox.is_empty();
        if !self.shared().is_running() {
            if between && (self.calls.len() > 0 || !self.has_written()) {
                return Ok(false);
            }
            if !mem::replace(&mut self.looking, true) && !self.last.may_read(between) {
                self.end = Some(End::Shutdown);
                return Ok(true);
            }
        }
        let Self { stream, inbox, .. } = self;
        let read = inbox.fill_with(self.missing, |buffer| stream.read_now(cx, buffer));
        if self.handshaking && !stream.is_handshaking() {
            (self.handshaking, self.pace) = (false, Pace::start(now));
            self.engine.meet(|| stream.identity());
        }
        match read {
            Ok(0) if between => self.end = Some(End::Closed),
            Ok(0) => self.end = Some(End::truncated(self.missing)),
            Ok(bytes) => {
                let counters = &self.permit.shared().counters;
                Counters::add_bytes(&counters.bytes_read, bytes);
                if between {
                    self.pace = Pace::start(now);
                }
                self.pace.moved(bytes);
                self.arrived = now;
                self.looking = false;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if between && self.looking && self.stream.is_quiet(cx) {
                    return Err(End::Shutdown);
                }
                return Ok(false);
            }
            Err(error) => {
                let shared = self.permit.shared();
                let answers = End::is_of_layer(&error);
                let end = End::unreadable(shared, self.handshaking, between, error);
                if !answers {
                    return Err(end);
                }
                self.end = Some(end);
            }
        }
        Ok(true)
    }

    /// Writes once. `false` when there is nothing to write, or the peer takes nothing.
    fn write(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<bool, End> {
        if self.written == self.writing.len() && !self.take(now) {
            return self.flush(cx);
        }
        match self.stream.write_now(cx, &self.writing[self.written..]) {
            Ok(bytes) => {
                let counters = &self.permit.shared().counters;
                Counters::add_bytes(&counters.bytes_written, bytes);
                (self.written, self.unflushed) = (self.written + bytes, true);
                self.writing_pace.moved(bytes);
                if self
                    .outlet
                    .as_ref()
                    .is_some_and(|outlet| outlet.wrote(bytes))
                {
                    // That its peer was slow is not the fault of what waits behind.
                    self.arrived = now;
                }
                if self.written == self.writing.len() {
                    self.pace = Pace::start(now);
                }
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(End::Failed(error.into())),
        }
    }

    /// Takes the answers that were left. `false` when there are none.
    fn take(&mut self, now: Instant) -> bool {
        shrink_out(&mut self.writing);
        self.written = 0;
        // The peer may still have to take what the stream keeps.
        if !self.unflushed {
            self.writing_pace = Pace::start(now);
        }
        if let Some(outlet) = &self.outlet
            && let Err(error) = outlet.take(&mut self.writing)
        {
            self.end.get_or_insert(End::Failed(error));
        }
        !self.writing.is_empty()
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if !self.unflushed {
            return Ok(false);
        }
        match self.stream.flush_now(cx) {
            Ok(()) => {
                self.unflushed = false;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(End::Failed(error.into())),
        }
    }

    /// Waits for the next event, and ends what is past its deadline.
    fn wait(&mut self, cx: &mut Context<'_>, mut now: Instant) -> Poll<End> {
        loop {
            let Some(deadline) = self.deadline() else {
                return Poll::Pending;
            };
            if deadline <= now {
                if self.renew(now) {
                    continue;
                }
                return Poll::Ready(self.timed_out());
            }
            let at = deadline.into();
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            // One that is due earlier is left alone: setting it for each message would cost more than
            // looking again when it is due.
            if timer.is_elapsed() || timer.deadline() > at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            now = Instant::now();
        }
    }

    /// When it has waited long enough, if what it waits for is the peer.
    fn deadline(&self) -> Option<Instant> {
        let timeouts = self.timeouts();
        let ms = Duration::from_millis;
        if !self.has_written() {
            return Some(self.writing_pace.since() + ms(timeouts.write_ms));
        }
        let arrived = self.inbox.bytes().len();
        if !self.takes_calls() || (arrived == 0 && self.calls.len() > 0) {
            return None;
        }
        Some(match arrived {
            _ if self.handshaking => self.pace.since() + ms(timeouts.handshake_ms),
            0 => self.pace.since() + ms(timeouts.idle_ms),
            _ => self.pace.since() + time_to_read(timeouts, arrived),
        })
    }

    /// Gives it more time after its deadline, if a big message or answer moves fast enough.
    fn renew(&mut self, now: Instant) -> bool {
        let written = self.has_written();
        let timeouts = &self.permit.shared().settings.timeouts;
        if !written {
            return self.writing_pace.renew(timeouts, timeouts.write_ms, now);
        }
        self.inbox.bytes().len() >= HEADER_BYTES && self.pace.renew(timeouts, timeouts.read_ms, now)
    }

    /// The end of a connection that is past its deadline.
    fn timed_out(&self) -> End {
        let timeouts = self.timeouts();
        if self.handshaking {
            End::no_handshake(timeouts)
        } else if self.has_written() {
            End::no_message(timeouts, self.inbox.bytes().len())
        } else {
            End::replies_not_taken(timeouts)
        }
    }

    fn timeouts(&self) -> &ServerTimeouts {
        &self.shared().settings.timeouts
    }

    fn shared(&self) -> &Shared {
        self.permit.shared()
    }

    /// Takes the buffers of the thread, unless it has a big one itself.
    fn borrow(&mut self) {
        SPARE.with_borrow_mut(|spare| {
            self.inbox.borrow(&mut spare.inbox);
            if self.writing.is_empty() {
                self.writing = mem::take(&mut spare.out);
            }
        });
    }

    /// Gives them back, and keeps no more than what stands in them.
    fn give_back(&mut self) {
        self.engine.shrink();
        SPARE.with_borrow_mut(|spare| {
            let given = self.inbox.give_back();
            if given.room() > 0 {
                spare.inbox = given;
            }
            if self.written == self.writing.len() {
                shrink_out(&mut self.writing);
                self.written = 0;
                spare.out = mem::take(&mut self.writing);
            }
        });
    }
}
