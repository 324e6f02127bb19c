//! One connection: reads into a buffer that is used again, has every whole message in it answered,
//! and writes the answers together.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::peer::Peer;
use crate::server::batch::Batch;
use crate::server::counters::Counters;
use crate::server::end::{End, Last};
use crate::server::engine::{Engine, Step};
use crate::server::events;
use crate::server::pace::{HEADER_BYTES, Pace, Written, time_to_read, write_all, write_for};
use crate::server::refusal::Refusal;
use crate::server::shared::{Permit, Shared};
use crate::transport::{Inbox, Readiness, Stream, is_timeout, shrink_out};

/// Answers are written when they come to so many bytes, even if more messages have arrived already:
/// a peer that sends many small calls must not make this process hold many big replies.
pub(super) const OUT_BYTES: usize = 64 * 1024;

/// A peer whose calls are refused gets no more time than this to take that.
const REFUSAL_WRITE_MS: u64 = 100;

pub(super) struct Connection {
    stream: Box<dyn Stream>,
    engine: Engine,
    buffers: Buffers,
    /// How many bytes are missing from the message that has begun to arrive.
    missing: usize,
    /// How much of the replies is written.
    sent: usize,
    /// The peer does not take the rest.
    stuck: bool,
    /// When that message began to arrive; between messages, when the last one was answered; with
    /// replies left, when the peer stopped taking them.
    pace: Pace,
    /// Ends when its replies are written.
    end: Option<End>,
    last: Last,
    /// When what it has to read is known to have been there, if it had to wait since.
    waiting: Option<Instant>,
    // The last field, so that the stream is closed when the connection is counted out.
    permit: Permit,
}

/// The memory of a connection, which threads lend to connections that have something to do.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) inbox: Inbox,
    pub(super) out: Vec<u8>,
}

impl Buffers {
    /// Takes the memory of some that are empty, unless these have much themselves. What they hold goes
    /// along.
    pub(super) fn borrow(&mut self, lent: &mut Self) {
        self.inbox.borrow(&mut lent.inbox);
        if self.out.is_empty() {
            self.out = mem::take(&mut lent.out);
        }
    }

    /// Gives that back, and keeps no more than what stands in it.
    pub(super) fn give_back(&mut self) -> Self {
        Self {
            inbox: self.inbox.give_back(),
            out: if self.out.is_empty() {
                mem::take(&mut self.out)
            } else {
                Vec::new()
            },
        }
    }
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something arrived, and what could be answered was.
    Active,
    /// Nothing arrived while it was waited for.
    Quiet,
    /// The peer does not take its replies.
    Stuck,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, permit: Permit) -> Self {
        let engine = Engine::new(permit.shared(), stream.peer());
        events::opened(engine.peer());
        Self {
            stream,
            engine,
            buffers: Buffers::default(),
            missing: 1,
            sent: 0,
            stuck: false,
            end: None,
            pace: Pace::start(Instant::now()),
            last: Last::default(),
            waiting: None,
            permit,
        }
    }

    /// Serves the connection to its end, on this thread.
    pub(super) fn run(mut self) {
        loop {
            if let Err(end) = self.turn(None, None) {
                return self.finish(end);
            }
        }
    }

    /// Waits for bytes, at most for a while if there is one, and answers what has arrived, if only
    /// with a refusal. Replies that the peer has left come first.
    pub(super) fn turn(
        &mut self,
        patience: Option<Duration>,
        refusal: Option<Refusal>,
    ) -> Result<Turn, End> {
        let waiting = self.waiting.take();
        if self.has_unwritten() {
            return self.answer(true, patience, refusal, waiting);
        }
        let between = self.buffers.inbox.is_empty();
        if between {
            self.permit.set_idle(true);
        }
        if !self.shared().is_running()
            && ((between && self.stream.is_quiet()) || !self.last.may_read(between))
        {
            return Err(End::Shutdown);
        }
        let wait = match patience {
            Some(patience) => patience,
            None if between => self.timeout(),
            None => match self.deadline().saturating_duration_since(Instant::now()) {
                Duration::ZERO if self.renew() => return Ok(Turn::Quiet),
                Duration::ZERO => return Err(self.timed_out()),
                left => left,
            },
        };
        let handshaking = self.stream.is_handshaking();
        let inbox = &mut self.buffers.inbox;
        let read = match self.stream.set_read_timeout(Some(wait)) {
            Ok(()) => inbox.fill(&mut *self.stream, self.missing),
            Err(error) => Err(error),
        };
        self.permit.set_idle(false);
        match read {
            // Perhaps it was closed here, for reading.
            Ok(0) if between && !self.shared().is_running() => Err(End::Shutdown),
            Ok(0) if between => Err(End::Closed),
            Ok(0) => Err(End::truncated(self.missing)),
            Ok(bytes) => {
                self.engine.meet(|| self.stream.identity());
                let counters = &self.permit.shared().counters;
                Counters::add_bytes(&counters.bytes_read, bytes);
                self.pace.moved(bytes);
                self.answer(between, patience, refusal, waiting)
            }
            Err(error) if is_timeout(&error) && patience.is_some() => Ok(Turn::Quiet),
            Err(error) if is_timeout(&error) && handshaking && !self.stream.is_handshaking() => {
                self.pace = Pace::start(Instant::now());
                Ok(Turn::Quiet)
            }
            Err(error) if is_timeout(&error) && self.renew() => Ok(Turn::Quiet),
            Err(error) if is_timeout(&error) => Err(self.timed_out()),
            Err(error) => {
                let shared = self.permit.shared();
                Err(End::unreadable(
                    shared,
                    self.stream.is_handshaking(),
                    between,
                    error,
                ))
            }
        }
    }

    /// Notes that what it has to read next has waited since then.
    pub(super) fn has_waited(&mut self, since: Instant) {
        self.waiting = Some(since);
    }

    /// Answers every whole message that has arrived, as long as the peer takes the answers.
    fn answer(
        &mut self,
        mut restart: bool,
        patience: Option<Duration>,
        refusal: Option<Refusal>,
        waiting: Option<Instant>,
    ) -> Result<Turn, End> {
        let shared = Arc::clone(self.permit.shared());
        let refusal = refusal.or_else(|| self.last.refusal());
        let now = Instant::now();
        let arrived = waiting.unwrap_or(now);
        let mut batch = Batch::new(now, now);
        let (mut unanswered, mut slow) = (0, false);
        while self.end.is_none() {
            let Buffers { inbox, out } = &mut self.buffers;
            if slow || out.len() >= OUT_BYTES || unanswered >= shared.settings.in_flight_max {
                (unanswered, slow) = (0, false);
                if !self.flush(patience, refusal.is_some())? {
                    return Ok(Turn::Stuck);
                }
                batch.sent();
                continue;
            }
            if shared.is_cut() {
                return Err(End::Shutdown);
            }
            let step = match refusal.or_else(|| batch.refusal(&shared)) {
                None => self.engine.step(&shared, inbox.bytes(), arrived, out),
                Some(why) => self.engine.refuse(&shared, why, inbox.bytes(), out),
            };
            match step {
                Ok(Step::Consumed(bytes)) => {
                    inbox.consume(bytes);
                    self.last.answered();
                    restart = true;
                    unanswered += 1;
                    slow = !inbox.is_empty() && batch.is_slow(&shared, !out.is_empty());
                }
                Ok(Step::Acknowledged) => slow = true,
                Ok(Step::NeedMore(missing)) => {
                    self.missing = missing;
                    break;
                }
                Err(error) => self.end = Some(End::Failed(error)),
            }
        }
        if !self.flush(patience, refusal.is_some())? {
            return Ok(Turn::Stuck);
        }
        self.buffers.inbox.shrink();
        self.engine.shrink();
        // Who has no patience waits for a message in one read, and needs no clock for that.
        if restart && (patience.is_some() || !self.buffers.inbox.is_empty()) {
            self.pace = Pace::start(Instant::now());
        }
        match self.end.take() {
            Some(end) => Err(end),
            None => Ok(Turn::Active),
        }
    }

    /// Writes the replies. `false` when the peer does not take them for longer than there is
    /// patience, and somebody can say when it does.
    fn flush(&mut self, patience: Option<Duration>, hurry: bool) -> Result<bool, End> {
        if self.buffers.out.is_empty() {
            return Ok(true);
        }
        let parkable = matches!(self.stream.readiness(), Readiness::Descriptor(_));
        let shared = Arc::clone(self.permit.shared());
        let counters = &shared.counters;
        let mut timeouts = shared.settings.timeouts;
        let out = &self.buffers.out[self.sent..];
        let written = match patience {
            Some(patience) if parkable => {
                let Written { bytes, result } = write_for(&mut *self.stream, out, patience);
                Counters::add_bytes(&counters.bytes_written, bytes);
                match result {
                    Ok(true) => Ok(()),
                    Ok(false) => {
                        if mem::replace(&mut self.stuck, true) {
                            self.pace.moved(bytes);
                        } else {
                            self.pace = Pace::start(Instant::now());
                        }
                        self.sent += bytes;
                        return Ok(false);
                    }
                    Err(error) => Err(error),
                }
            }
            _ => {
                if hurry {
                    timeouts.write_ms = timeouts.write_ms.min(REFUSAL_WRITE_MS);
                }
                write_all(&mut *self.stream, out, &timeouts, |bytes| {
                    Counters::add_bytes(&counters.bytes_written, bytes);
                })
            }
        };
        (self.sent, self.stuck) = (0, false);
        shrink_out(&mut self.buffers.out);
        match written {
            Ok(()) => Ok(true),
            Err(error) if is_timeout(&error) => Err(End::replies_not_taken(&timeouts)),
            Err(error) => Err(End::Failed(error.into())),
        }
    }

    fn timeout(&self) -> Duration {
        let timeouts = &self.shared().settings.timeouts;
        if self.has_unwritten() {
            Duration::from_millis(timeouts.write_ms)
        } else if self.stream.is_handshaking() {
            Duration::from_millis(timeouts.handshake_ms)
        } else if self.is_between_messages() {
            Duration::from_millis(timeouts.idle_ms)
        } else {
            time_to_read(timeouts, self.buffers.inbox.bytes().len())
        }
    }

    /// When the connection has waited long enough for what it waits for.
    pub(super) fn deadline(&self) -> Instant {
        self.pace.since() + self.timeout()
    }

    /// Gives it more time after its deadline, if a big message or reply moves fast enough.
    pub(super) fn renew(&mut self) -> bool {
        let timeouts = &self.permit.shared().settings.timeouts;
        if self.has_unwritten() {
            return self.pace.renew(timeouts, timeouts.write_ms, Instant::now());
        }
        self.buffers.inbox.bytes().len() >= HEADER_BYTES
            && self.pace.renew(timeouts, timeouts.read_ms, Instant::now())
    }

    /// The end of a connection that is past its deadline.
    pub(super) fn timed_out(&self) -> End {
        let timeouts = &self.shared().settings.timeouts;
        if self.has_unwritten() {
            return End::replies_not_taken(timeouts);
        }
        if self.stream.is_handshaking() {
            return End::no_handshake(timeouts);
        }
        End::no_message(timeouts, self.buffers.inbox.bytes().len())
    }

    /// Says why it ended, and ends it.
    pub(super) fn finish(self, end: End) {
        end.report(self.shared(), self.peer());
    }

    /// Makes it one that is polled and never waits. `false` if its stream cannot be asked when it
    /// has something to read, or can only be waited for.
    pub(super) fn make_polled(&mut self) -> bool {
        #[cfg(unix)]
        if matches!(self.readiness(), Readiness::Descriptor(_)) {
            return self.stream.set_nonblocking(true).is_ok();
        }
        false
    }

    /// What an event loop needs of it, which does its own reading and writing.
    pub(super) fn into_parts(self) -> (Box<dyn Stream>, Engine, Permit) {
        (self.stream, self.engine, self.permit)
    }

    pub(super) fn is_between_messages(&self) -> bool {
        self.buffers.inbox.is_empty() && !self.has_unwritten()
    }

    /// Whether it has replies that the peer did not take.
    pub(super) fn has_unwritten(&self) -> bool {
        self.stuck
    }

    /// Whether another turn brings something though no event will say so.
    pub(super) fn has_more(&self) -> bool {
        self.stream.has_more()
    }

    /// Whether the stream goes on with something once it can be written.
    pub(super) fn wants_write(&self) -> bool {
        self.stream.wants_write()
    }

    /// Whether replies would be taken, if the stream's descriptor does not say that by being writable.
    pub(super) fn has_room(&self) -> Option<bool> {
        self.stream.has_room()
    }

    /// Whether the peer waits for nothing that has arrived.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.is_between_messages() && self.stream.is_quiet()
    }

    pub(super) fn readiness(&self) -> Readiness<'_> {
        self.stream.readiness()
    }

    pub(super) fn set_idle(&self, idle: bool) {
        self.permit.set_idle(idle);
    }

    /// Uses the buffers of a thread, unless its own have much in them.
    pub(super) fn borrow(&mut self, spare: &mut Buffers) {
        self.buffers.borrow(spare);
    }

    /// Gives the buffers back, and keeps no more than what stands in them.
    pub(super) fn give_back(&mut self, spare: &mut Buffers) {
        *spare = self.buffers.give_back();
    }

    pub(super) fn peer(&self) -> &Peer {
        self.engine.peer()
    }

    fn shared(&self) -> &Arc<Shared> {
        self.permit.shared()
    }
}
