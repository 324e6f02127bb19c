//! One thread, one poll, and the connections that belong to it.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::config::ReplyOrder;
use crate::error::{ErrorKind, Result};
use crate::server::connection::Buffers;
use crate::server::end::End;
use crate::server::nonblocking::Workers;
use crate::server::nonblocking::mail::{Letter, Mail};
use crate::server::nonblocking::polled::{Polled, Signs, State};
use crate::server::nonblocking::workers::{Job, Work};
use crate::server::queue::Taken;
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;
use crate::transport::Readiness;

const WAKER: Token = Token(usize::MAX);

/// Steps for one connection before the others have their turn.
const STEPS: usize = 32;

/// Buffers that are kept for the next connections; with workers, several are out at a time.
const SPARE: usize = 16;

pub(super) struct EventLoop {
    shared: Arc<Shared>,
    /// Who answers, unless the loop does.
    workers: Option<Workers>,
    mail: Arc<Mail>,
    poll: Poll,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Connections that have had their turn and can go on.
    again: Vec<usize>,
    spare: Vec<Buffers>,
    timer: Timer,
    now: Instant,
}

/// Its number is the token of the connection in it.
enum Slot {
    Free,
    Here(Box<Polled>),
    /// With a worker, or in the loop's hands. Remembers what the poll says meanwhile.
    Away(Signs),
}

const AWAY: Slot = Slot::Away(Signs {
    readable: false,
    ended: false,
});

/// What a connection that has had its turn needs.
enum Next {
    Wait,
    Again,
    HandOver,
}

impl EventLoop {
    pub(super) fn new(shared: Arc<Shared>, workers: Option<Workers>) -> Result<Self> {
        let poll = Poll::new()?;
        let mail = Mail::new(poll.registry(), WAKER)?;
        let woken = Arc::downgrade(&mail);
        shared.on_change(Arc::new(move || {
            if let Some(mail) = woken.upgrade() {
                mail.wake();
            }
        }));
        let timer = Timer::new(&shared);
        Ok(Self {
            shared,
            workers,
            mail,
            poll,
            slots: Vec::new(),
            free: Vec::new(),
            again: Vec::new(),
            spare: Vec::new(),
            timer,
            now: Instant::now(),
        })
    }

    pub(super) fn mail(&self) -> Arc<Mail> {
        Arc::clone(&self.mail)
    }

    /// Serves until the server has shut down.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut letters = Vec::new();
        let mut again = Vec::new();
        while !self.is_done() {
            let wait = if self.again.is_empty() {
                self.timer.wait(self.now)
            } else {
                Some(Duration::ZERO)
            };
            // It fails when a signal interrupts it, and then there are no events.
            let polled = self.poll.poll(&mut events, wait);
            self.now = Instant::now();
            mem::swap(&mut self.again, &mut again);
            if polled.is_ok() {
                for event in &events {
                    if event.token() == WAKER {
                        self.mail.take(&mut letters);
                    } else {
                        let signs = Signs {
                            readable: event.is_readable() || event.is_error(),
                            ended: event.is_read_closed(),
                        };
                        self.ready(event.token().0, signs);
                    }
                }
            }
            for letter in letters.drain(..) {
                self.open(letter);
            }
            for slot in again.drain(..) {
                self.ready(slot, Signs::default());
            }
            self.expire();
        }
        // What is still with a worker ends there.
        self.mail.close();
    }

    /// While shutting down: gives everything that waits for its next message a last chance, and
    /// says whether nothing is left.
    fn is_done(&mut self) -> bool {
        if self.shared.is_running() {
            return false;
        }
        if self.shared.is_cut() {
            for slot in mem::take(&mut self.slots) {
                if let Slot::Here(polled) = slot {
                    polled.finish(End::Shutdown);
                }
            }
            return true;
        }
        if let Some(workers) = &self.workers
            && self.shared.is_refusing()
        {
            while let Some(Taken { item: job, .. }) = workers.exit.try_next() {
                job.refuse(&self.shared, Refusal::ShuttingDown);
            }
        }
        for slot in 0..self.slots.len() {
            if matches!(&self.slots[slot], Slot::Here(polled) if polled.state() == State::Reading) {
                self.ready(slot, Signs::default());
            }
        }
        self.shared.open() == 0
    }

    fn open(&mut self, letter: Letter) {
        match letter {
            Letter::Arrived(polled) => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(Slot::Free);
                    self.slots.len() - 1
                });
                if let Err(error) = self.watch(&polled, slot, true) {
                    self.free.push(slot);
                    return polled.finish(End::Failed(error.into()));
                }
                self.settle(slot, polled);
            }
            Letter::Served(slot, Some(mut polled)) => {
                if let Slot::Away(signs) = self.slots[slot] {
                    polled.note(signs);
                }
                self.slots[slot] = AWAY;
                self.turn(slot, polled);
            }
            Letter::Served(slot, None) => self.clear(slot),
            Letter::Answered(slot) => self.ready(slot, Signs::default()),
        }
    }

    /// An event, or another turn.
    fn ready(&mut self, slot: usize, signs: Signs) {
        let Some(place) = self.slots.get_mut(slot) else {
            return;
        };
        match mem::replace(place, AWAY) {
            Slot::Here(mut polled) => {
                polled.note(signs);
                self.turn(slot, polled);
            }
            Slot::Free => *place = Slot::Free,
            Slot::Away(mut before) => {
                before.add(signs);
                *place = Slot::Away(before);
            }
        }
    }

    /// Does for a connection what can be done without waiting.
    fn turn(&mut self, slot: usize, mut polled: Box<Polled>) {
        let mut lent = self.spare.pop().unwrap_or_default();
        polled.borrow(&mut lent);
        self.keep(lent);
        // The processor's panics are caught further in; this is for a stream or transport of a
        // user's own. What it served is dropped.
        let advanced = catch_unwind(AssertUnwindSafe(|| self.advance(slot, &mut polled)));
        match advanced {
            Ok(Ok(Next::HandOver)) => self.hand_over(slot, polled),
            Ok(Ok(next)) => {
                if matches!(next, Next::Again) {
                    self.again.push(slot);
                }
                self.settle(slot, polled);
            }
            Ok(Err(end)) => self.finish(slot, polled, end),
            Err(_) => {
                self.shared.counters.failed(ErrorKind::Handler);
                self.clear(slot);
            }
        }
    }

    fn advance(&self, slot: usize, polled: &mut Polled) -> Result<Next, End> {
        polled.collect(self.now)?;
        let place = (&self.mail, slot);
        for _ in 0..STEPS {
            if let Some(workers) = &self.workers {
                polled.release(self.now, place, &workers.entrance);
            }
            let moved = match polled.state() {
                State::Reading => polled.read(self.now)?,
                State::Answering => match &self.workers {
                    Some(workers) if workers.order == ReplyOrder::Any => {
                        polled.dispatch(self.now, place, &workers.entrance)?;
                        true
                    }
                    Some(_) if polled.refusal().is_none() => return Ok(Next::HandOver),
                    _ => {
                        polled.answer(self.now, polled.refusal())?;
                        true
                    }
                },
                State::Waiting => polled.wait_on()?,
                State::Writing => polled.write_on(self.now)?,
            };
            if !moved {
                return Ok(Next::Wait);
            }
        }
        Ok(Next::Again)
    }

    /// Gives a connection to the workers, or refuses its calls if those are too busy.
    fn hand_over(&mut self, slot: usize, mut polled: Box<Polled>) {
        // A few wait with the buffers that they were lent, which saves copying; the others without.
        let queued = |workers: &Workers| workers.exit.len();
        if self.workers.as_ref().map_or(0, queued) >= SPARE {
            self.keep(polled.give_back());
        }
        let Some(workers) = &self.workers else { return };
        let work = Work::Connection(polled);
        let mail = self.mail();
        if let Err(job) = workers.entrance.enter(Job { work, slot, mail }, self.now) {
            job.refuse(&self.shared, Refusal::QueueFull);
        }
    }

    /// Lets a connection wait for its next event.
    fn settle(&mut self, slot: usize, mut polled: Box<Polled>) {
        let writing = polled.wants_write();
        if writing != polled.watches_writing {
            if let Err(error) = self.watch(&polled, slot, false) {
                return self.finish(slot, polled, End::Failed(error.into()));
            }
            polled.watches_writing = writing;
        }
        self.keep(polled.give_back());
        self.timer.add(polled.deadline(self.now));
        self.slots[slot] = Slot::Here(polled);
    }

    fn keep(&mut self, buffers: Buffers) {
        if self.spare.len() < SPARE && buffers.inbox.room() > 0 {
            self.spare.push(buffers);
        }
    }

    fn finish(&mut self, slot: usize, mut polled: Box<Polled>, end: End) {
        self.keep(polled.give_back());
        polled.finish(end);
        self.clear(slot);
    }

    fn clear(&mut self, slot: usize) {
        self.slots[slot] = Slot::Free;
        self.free.push(slot);
    }

    /// Asks the poll to say when a connection can be read or, while it has replies left, written.
    fn watch(&self, polled: &Polled, slot: usize, new: bool) -> io::Result<()> {
        #[cfg(unix)]
        if let Readiness::Descriptor(descriptor) = polled.readiness() {
            use std::os::fd::AsRawFd;

            let interest = if polled.wants_write() && polled.has_room().is_none() {
                Interest::READABLE | Interest::WRITABLE
            } else {
                Interest::READABLE
            };
            let descriptor = descriptor.as_raw_fd();
            let mut source = mio::unix::SourceFd(&descriptor);
            let registry = self.poll.registry();
            return if new {
                registry.register(&mut source, Token(slot), interest)
            } else {
                registry.reregister(&mut source, Token(slot), interest)
            };
        }
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Ends what is past its deadline.
    fn expire(&mut self) {
        if !self.timer.is_due(self.now) {
            return;
        }
        self.timer.reset();
        for slot in 0..self.slots.len() {
            let Slot::Here(polled) = &mut self.slots[slot] else {
                continue;
            };
            let deadline = polled.deadline(self.now);
            if deadline > self.now {
                self.timer.add(deadline);
            } else if polled.renew(self.now) {
                self.timer.add(polled.deadline(self.now));
            } else if let Slot::Here(polled) = mem::replace(&mut self.slots[slot], AWAY) {
                let end = polled.timed_out();
                self.finish(slot, polled, end);
            }
        }
    }
}

/// When to look for connections past their deadline: at the first deadline, but not all the time.
struct Timer {
    next: Option<Instant>,
    last: Instant,
    tick: Duration,
}

impl Timer {
    /// The price of one look for all is that a time-out comes up to an eighth of the shortest one
    /// late, and never more than a quarter of a second.
    fn new(shared: &Shared) -> Self {
        let timeouts = &shared.settings.timeouts;
        let shortest = timeouts
            .idle_ms
            .min(timeouts.handshake_ms)
            .min(timeouts.header_ms)
            .min(timeouts.read_ms)
            .min(timeouts.write_ms);
        Self {
            next: None,
            last: Instant::now(),
            tick: Duration::from_millis((shortest / 8).clamp(1, 250)),
        }
    }

    #[inline]
    fn add(&mut self, deadline: Instant) {
        if self.next.is_none_or(|next| deadline < next) {
            self.next = Some(deadline);
        }
    }

    fn at(&self) -> Option<Instant> {
        self.next.map(|next| next.max(self.last + self.tick))
    }

    fn wait(&self, now: Instant) -> Option<Duration> {
        Some(self.at()?.saturating_duration_since(now))
    }

    fn is_due(&self, now: Instant) -> bool {
        self.at().is_some_and(|at| at <= now)
    }

    fn reset(&mut self) {
        self.last = Instant::now();
        self.next = None;
    }
}
