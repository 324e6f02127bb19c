//! A connection that never waits: what it reads, answers and writes is what can be at once.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::ServerTimeouts;
use crate::server::batch::Batch;
use crate::server::connection::{Buffers, OUT_BYTES};
use crate::server::counters::Counters;
use crate::server::end::{End, Last};
use crate::server::engine::{Engine, Step};
use crate::server::nonblocking::lane::{Held, Lane};
use crate::server::pace::{HEADER_BYTES, Pace, time_to_read};
use crate::server::refusal::Refusal;
use crate::server::shared::Permit;
use crate::transport::{Readiness, Stream, shrink_out};

pub(super) struct Polled {
    stream: Box<dyn Stream>,
    pub(super) engine: Engine,
    pub(super) buffers: Buffers,
    /// How many bytes are missing from the message that has begun to arrive.
    pub(super) missing: usize,
    /// How much of the replies is written.
    sent: usize,
    pub(super) state: State,
    /// When it began to wait for what it waits for.
    pub(super) pace: Pace,
    /// When the calls that are in the inbox arrived, as for [`Batch`].
    pub(super) arrived: Instant,
    /// Where workers leave answers, once they run several of its calls at a time.
    pub(super) lane: Option<Arc<Lane>>,
    /// How many of its calls are with them, or held.
    pub(super) running: usize,
    /// Calls that wait for the peer to take answers.
    pub(super) held: Vec<Held>,
    signs: Signs,
    /// The loop's poll also says when replies can be written.
    pub(super) watches_writing: bool,
    pub(super) last: Last,
    /// Ends when its replies are written.
    pub(super) end: Option<End>,
    // The last field, so that the stream is closed when the connection is counted out.
    pub(super) permit: Permit,
}

/// What the poll has said.
#[derive(Clone, Copy, Default)]
pub(super) struct Signs {
    /// There may be something to read.
    pub(super) readable: bool,
    /// The peer will send no more than what is there, and nobody will say so again.
    pub(super) ended: bool,
}

impl Signs {
    pub(super) fn add(&mut self, more: Self) {
        self.readable |= more.readable | more.ended;
        self.ended |= more.ended;
    }
}

/// What a connection waits for, or can go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// For bytes.
    Reading,
    /// For somebody to answer what has arrived.
    Answering,
    /// For workers to be done with its calls.
    Waiting,
    /// For the peer to take replies.
    Writing,
}

impl Polled {
    pub(super) fn new((stream, engine, permit): (Box<dyn Stream>, Engine, Permit)) -> Self {
        // Loops close idle connections themselves when the server shuts down.
        permit.set_idle(false);
        let now = Instant::now();
        Self {
            stream,
            engine,
            buffers: Buffers::default(),
            missing: 1,
            sent: 0,
            state: State::Reading,
            pace: Pace::start(now),
            arrived: now,
            lane: None,
            running: 0,
            held: Vec::new(),
            signs: Signs::default(),
            watches_writing: false,
            last: Last::default(),
            end: None,
            permit,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn readiness(&self) -> Readiness<'_> {
        self.stream.readiness()
    }

    /// Notes what the poll has said.
    pub(super) fn note(&mut self, signs: Signs) {
        self.signs.add(signs);
    }

    /// Reads once if there may be something. `false` when there is nothing.
    pub(super) fn read(&mut self, now: Instant) -> Result<bool, End> {
        let inbox = &mut self.buffers.inbox;
        let between = inbox.is_empty();
        if !self.permit.shared().is_running() {
            if between && self.running > 0 {
                return Ok(false);
            }
            if !self.last.may_read(between) {
                return self.ended(End::Shutdown);
            }
            self.signs.readable |= between;
        }
        if self.stream.wants_write() {
            flush(&mut *self.stream)?;
        }
        if !self.signs.readable {
            return Ok(false);
        }
        match inbox.fill(&mut *self.stream, self.missing) {
            Ok(0) if between => self.ended(End::Closed),
            Ok(0) => self.ended(End::truncated(self.missing)),
            Ok(bytes) => {
                self.engine.meet(|| self.stream.identity());
                let counters = &self.permit.shared().counters;
                Counters::add_bytes(&counters.bytes_read, bytes);
                // A read that brought less than it could has emptied the socket, and what arrives
                // from now on is an event: no need for another read to find out.
                self.signs.readable = inbox.is_full() || self.signs.ended || self.stream.has_more();
                if between {
                    self.pace = Pace::start(now);
                }
                self.pace.moved(bytes);
                self.arrived = now;
                self.state = State::Answering;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.signs.readable = false;
                if between && self.last.has_read() {
                    return Err(End::Shutdown);
                }
                Ok(false)
            }
            Err(error) => {
                let shared = self.permit.shared();
                let handshaking = self.stream.is_handshaking();
                let answers = End::is_of_layer(&error);
                let end = End::unreadable(shared, handshaking, between, error);
                if answers { self.ended(end) } else { Err(end) }
            }
        }
    }

    /// The peer sends nothing more, but may wait for answers.
    fn ended(&mut self, end: End) -> Result<bool, End> {
        if self.running == 0 {
            return Err(end);
        }
        (self.end, self.state) = (Some(end), State::Waiting);
        Ok(true)
    }

    /// Goes on when workers have answered what it waited for. `false` as long as they have not.
    pub(super) fn wait_on(&mut self) -> Result<bool, End> {
        if self.end.is_none() {
            let takes_calls = self.takes_calls();
            if takes_calls {
                self.state = State::Answering;
            }
            return Ok(takes_calls);
        }
        match self.end.take() {
            Some(end) if self.running == 0 => Err(end),
            end => {
                self.end = end;
                Ok(false)
            }
        }
    }

    /// Whether the next call may be handed to the workers.
    pub(super) fn takes_calls(&self) -> bool {
        let in_flight_max = self.permit.shared().settings.in_flight_max;
        let full = self.lane.as_ref().is_some_and(|lane| lane.is_full());
        self.running < in_flight_max && !full
    }

    /// Why nothing that has arrived is run any more, if that is so.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.last.refusal()
    }

    /// Answers every whole message that has arrived, if only with an application exception, and
    /// writes the answers.
    pub(super) fn answer(&mut self, now: Instant, refusal: Option<Refusal>) -> Result<(), End> {
        let shared = Arc::clone(self.permit.shared());
        let in_flight_max = shared.settings.in_flight_max;
        let mut batch = Batch::new(self.arrived, now);
        let mut unanswered = 0;
        self.state = State::Reading;
        while !self.buffers.inbox.is_empty() {
            if shared.is_cut() {
                return Err(End::Shutdown);
            }
            let Buffers { inbox, out } = &mut self.buffers;
            let step = match refusal.or_else(|| batch.refusal(&shared)) {
                None => self.engine.step(&shared, inbox.bytes(), self.arrived, out),
                Some(why) => self.engine.refuse(&shared, why, inbox.bytes(), out),
            };
            match step {
                Ok(Step::Consumed(bytes)) => {
                    inbox.consume(bytes);
                    self.last.answered();
                    unanswered += 1;
                    let slow = !inbox.is_empty() && batch.is_slow(&shared, !out.is_empty());
                    if slow || out.len() >= OUT_BYTES || unanswered >= in_flight_max {
                        unanswered = 0;
                        if !self.write_answers()? {
                            return Ok(());
                        }
                        batch.sent();
                    }
                }
                Ok(Step::Acknowledged) => {
                    if !self.write_answers()? {
                        return Ok(());
                    }
                    batch.sent();
                }
                Ok(Step::NeedMore(missing)) => {
                    self.missing = missing;
                    break;
                }
                Err(error) => {
                    self.end = Some(End::Failed(error));
                    break;
                }
            }
        }
        let written = if unanswered > 0 {
            self.write_answers()?
        } else {
            self.write(now)?
        };
        match self.end.take() {
            Some(end) if written => Err(end),
            end => {
                self.end = end;
                Ok(())
            }
        }
    }

    /// Writes what handlers have just answered, which may have taken them long.
    fn write_answers(&mut self) -> Result<bool, End> {
        let now = Instant::now();
        self.pace = Pace::start(now);
        self.write(now)
    }

    /// Goes on with replies that the peer did not take at once. `false` when it takes no more.
    pub(super) fn write_on(&mut self, now: Instant) -> Result<bool, End> {
        if !self.write(now)? {
            return Ok(false);
        }
        self.pace = Pace::start(now);
        self.state = if self.end.is_some() {
            if self.running == 0
                && let Some(end) = self.end.take()
            {
                return Err(end);
            }
            State::Waiting
        } else if self.buffers.inbox.is_empty() {
            State::Reading
        } else {
            // Perhaps it was left in the middle of a batch, which was not its fault.
            self.arrived = now;
            State::Answering
        };
        Ok(true)
    }

    pub(super) fn write(&mut self, now: Instant) -> Result<bool, End> {
        let out = &mut self.buffers.out;
        if out.is_empty() {
            return Ok(true);
        }
        while self.sent < out.len() {
            match self.stream.write(&out[self.sent..]) {
                Ok(0) => {
                    let error = io::Error::from(io::ErrorKind::WriteZero);
                    return Err(End::Failed(error.into()));
                }
                Ok(bytes) => {
                    let counters = &self.permit.shared().counters;
                    Counters::add_bytes(&counters.bytes_written, bytes);
                    if let Some(lane) = &self.lane {
                        lane.wrote(bytes);
                    }
                    self.sent += bytes;
                    self.pace.moved(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.state != State::Writing {
                        (self.state, self.pace) = (State::Writing, Pace::start(now));
                    }
                    return Ok(false);
                }
                Err(error) => return Err(End::Failed(error.into())),
            }
        }
        if !flush(&mut *self.stream)? {
            if self.state != State::Writing {
                (self.state, self.pace) = (State::Writing, Pace::start(now));
            }
            return Ok(false);
        }
        self.sent = 0;
        shrink_out(out);
        // An answer may have been the last one.
        self.signs.readable |= self.stream.has_more();
        Ok(true)
    }

    /// Whether the poll has to say when it can be written.
    pub(super) fn wants_write(&self) -> bool {
        self.state == State::Writing || self.stream.wants_write()
    }

    /// Whether it can be, if the poll does not say so.
    pub(super) fn has_room(&self) -> Option<bool> {
        self.stream.has_room()
    }

    /// When it has waited long enough.
    pub(super) fn deadline(&self, now: Instant) -> Instant {
        let timeouts = self.timeouts();
        let arrived = self.buffers.inbox.bytes().len();
        let idle = Duration::from_millis(timeouts.idle_ms);
        match self.state {
            State::Writing => self.pace.since() + Duration::from_millis(timeouts.write_ms),
            // It is the workers who take so long.
            State::Waiting => now + idle,
            _ if arrived == 0 && self.running > 0 => now + idle,
            _ if self.stream.is_handshaking() => {
                self.pace.since() + Duration::from_millis(timeouts.handshake_ms)
            }
            _ if arrived == 0 => self.pace.since() + idle,
            _ => self.pace.since() + time_to_read(timeouts, arrived),
        }
    }

    /// Gives it more time after its deadline, if a big message or reply moves fast enough.
    pub(super) fn renew(&mut self, now: Instant) -> bool {
        let timeouts = &self.permit.shared().settings.timeouts;
        let ms = match self.state {
            State::Writing => timeouts.write_ms,
            _ if self.buffers.inbox.bytes().len() < HEADER_BYTES => return false,
            _ => timeouts.read_ms,
        };
        self.pace.renew(timeouts, ms, now)
    }

    /// The end of a connection that is past its deadline.
    pub(super) fn timed_out(&self) -> End {
        let timeouts = self.timeouts();
        match self.state {
            State::Writing => End::replies_not_taken(timeouts),
            _ if self.stream.is_handshaking() => End::no_handshake(timeouts),
            _ => End::no_message(timeouts, self.buffers.inbox.bytes().len()),
        }
    }

    fn timeouts(&self) -> &ServerTimeouts {
        &self.permit.shared().settings.timeouts
    }

    pub(super) fn finish(self, end: End) {
        end.report(self.permit.shared(), self.engine.peer());
    }

    /// Takes buffers that are empty, unless it has big ones itself. What it holds goes along.
    pub(super) fn borrow(&mut self, lent: &mut Buffers) {
        self.buffers.borrow(lent);
    }

    /// Gives the buffers back, and keeps no more than what stands in them.
    pub(super) fn give_back(&mut self) -> Buffers {
        self.engine.shrink();
        self.buffers.give_back()
    }
}

/// `false` when the peer does not take everything that the stream keeps.
fn flush(stream: &mut dyn Stream) -> Result<bool, End> {
    match stream.flush() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(End::Failed(error.into())),
    }
}
