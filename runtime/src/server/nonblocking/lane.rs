//! Calls of one connection that run at the same time: `reply_order = "any"`.
//!
//! The loop hands each message to the workers by itself. They leave the answers here, in the order
//! in which they are done, and the loop writes all that it finds at once.
//!
//! A peer that does not take its answers gets no more of them made: the loop hands over nothing, and
//! workers leave here what they find in the queue. So what is held for it are the answers of the
//! calls that ran just then, not of all that may be in flight.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::envelope::Envelope;
use crate::error::{Error, ErrorKind};
use crate::processor::{CallContext, Request};
use crate::server::call;
use crate::server::connection::{Buffers, OUT_BYTES};
use crate::server::end::End;
use crate::server::engine::Found;
use crate::server::nonblocking::mail::Mail;
use crate::server::nonblocking::polled::{Polled, State};
use crate::server::nonblocking::workers::{Job, Work};
use crate::server::pace::Pace;
use crate::server::queue::Entrance;
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;
use crate::transport::Encoder;

/// Where workers leave the answers to one connection's calls.
pub(super) struct Lane {
    answers: Mutex<Answers>,
    /// Bytes of answers that are left and not written.
    unwritten: AtomicUsize,
    /// What all calls have in common.
    cx: CallContext,
}

struct Answers {
    encoder: Box<dyn Encoder>,
    out: Vec<u8>,
    /// How many were left since the loop took the last ones.
    left: usize,
    /// Calls that were not run, since the peer does not take the answers to others.
    held: Vec<Held>,
    /// The loop knows that there is something.
    told: bool,
    /// No answer can follow: the peer would take it for something else.
    broken: Option<Error>,
}

/// One call, on its way through the queue.
pub(super) struct Call {
    lane: Arc<Lane>,
    held: Held,
}

/// The same, without the way back.
pub(super) struct Held {
    protocol: usize,
    envelope: Option<Arc<Envelope>>,
    message: Vec<u8>,
    arrived: Instant,
}

/// What a worker uses again for each call.
#[derive(Default)]
pub(super) struct Scratch {
    reply: Vec<u8>,
    cx: CallContext,
}

impl Lane {
    fn new(encoder: Box<dyn Encoder>, cx: CallContext) -> Self {
        let answers = Answers {
            encoder,
            out: Vec::new(),
            left: 0,
            held: Vec::new(),
            told: false,
            broken: None,
        };
        Self {
            answers: Mutex::new(answers),
            unwritten: AtomicUsize::new(0),
            cx,
        }
    }

    /// Whether the peer has to take answers first.
    pub(super) fn is_full(&self) -> bool {
        self.unwritten.load(Ordering::Relaxed) >= OUT_BYTES
    }

    /// Tells the peer that something is no message, if the transport does so. As one more answer.
    #[cold]
    fn refuse(&self, why: &Error) {
        let mut answers = self.answers.lock();
        let Answers { encoder, out, .. } = &mut *answers;
        let before = out.len();
        encoder.refuse(out, why);
        let more = out.len() - before;
        self.unwritten.fetch_add(more, Ordering::Relaxed);
        answers.left += 1;
    }

    /// Notes that the peer has taken so many bytes.
    pub(super) fn wrote(&self, bytes: usize) {
        let fewer = |unwritten: usize| Some(unwritten.saturating_sub(bytes));
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        // It never fails.
        let _ = self.unwritten.fetch_update(set, get, fewer);
    }
}

impl Call {
    /// Runs it, or refuses it, and leaves the answer. Whether the loop has to be told.
    pub(super) fn serve(
        &self,
        shared: &Arc<Shared>,
        refusal: Option<Refusal>,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { reply, cx } = scratch;
        let settings = &shared.settings;
        let processor = &*settings.processor;
        let Held {
            protocol,
            message,
            envelope,
            arrived,
        } = &self.held;
        let request = Request::read(processor, *protocol, message, &settings.limits);
        let mut request = match request {
            Ok(request) => request,
            // Not with Seapink's own protocols: the loop has read this head already.
            Err(error) => return self.fail(error),
        };
        request.envelope.clone_from(envelope);
        if let Some(why) = refusal {
            return self.leave(|encoder, out| call::refuse(shared, &request, why, encoder, out));
        }
        cx.meet(&self.lane.cx);
        let ran = call::run(shared, &request, cx, *arrived, reply);
        let told = self.leave(|encoder, out| {
            call::answer(shared, &request, encoder, out, |out| {
                out.extend_from_slice(reply);
                ran
            })
        });
        crate::transport::shrink_out(reply);
        told
    }

    /// Ends the connection instead of answering.
    #[cold]
    pub(super) fn fail(&self, error: Error) -> bool {
        self.leave(|_, _| Err(error))
    }

    fn leave(
        &self,
        append: impl FnOnce(&mut dyn Encoder, &mut Vec<u8>) -> crate::error::Result<()>,
    ) -> bool {
        let mut answers = self.lane.answers.lock();
        let Answers { encoder, out, .. } = &mut *answers;
        let before = out.len();
        let appended = append(&mut **encoder, out);
        // Before the loop can write it.
        let more = out.len().saturating_sub(before);
        self.lane.unwritten.fetch_add(more, Ordering::Relaxed);
        if let Err(error) = appended {
            answers.broken.get_or_insert(error);
        }
        answers.left += 1;
        !mem::replace(&mut answers.told, true)
    }

    pub(super) fn must_wait(&self) -> bool {
        self.lane.is_full()
    }

    /// Leaves the call instead of an answer. Whether the loop has to be told.
    pub(super) fn hold(self) -> bool {
        let mut answers = self.lane.answers.lock();
        answers.held.push(self.held);
        !mem::replace(&mut answers.told, true)
    }
}

impl Polled {
    /// Hands every whole message that has arrived to the workers.
    pub(super) fn dispatch(
        &mut self,
        now: Instant,
        (mail, slot): (&Arc<Mail>, usize),
        queue: &Entrance<Job>,
    ) -> Result<(), End> {
        let shared = Arc::clone(self.permit.shared());
        self.state = State::Reading;
        while !self.buffers.inbox.is_empty() {
            if !self.takes_calls() {
                self.state = State::Waiting;
                break;
            }
            let Buffers { inbox, .. } = &mut self.buffers;
            let (protocol, envelope, message, consumed) =
                match self.engine.find(&shared, inbox.bytes()) {
                    Ok(Found::Message(request, consumed)) => {
                        let message = request.message.to_vec();
                        (request.protocol, request.envelope, message, consumed)
                    }
                    Ok(Found::NeedMore(missing)) => {
                        self.missing = missing;
                        break;
                    }
                    Err(error) => {
                        if let Some(lane) = self.lane() {
                            self.running += 1;
                            lane.refuse(&self.engine.no_message(&shared, &error));
                        }
                        self.end = Some(End::Failed(error));
                        self.state = State::Waiting;
                        break;
                    }
                };
            inbox.consume(consumed);
            self.last.answered();
            self.pace = Pace::start(now);
            let Some(lane) = self.lane() else {
                let text = "the transport has no encoder";
                return Err(End::Failed(Error::new(ErrorKind::Malformed, text)));
            };
            self.running += 1;
            let held = Held {
                protocol,
                envelope,
                message,
                arrived: self.arrived,
            };
            self.hand_over(lane, held, (mail, slot), queue);
        }
        self.collect(now)
    }

    /// Hands one call to the workers, or refuses it.
    fn hand_over(
        &self,
        lane: Arc<Lane>,
        held: Held,
        (mail, slot): (&Arc<Mail>, usize),
        queue: &Entrance<Job>,
    ) {
        let shared = self.permit.shared();
        let arrived = held.arrived;
        let work = Work::Call(Call { lane, held });
        let mail = Arc::clone(mail);
        let job = Job { work, slot, mail };
        if let Some(why) = self.refusal() {
            job.refuse(shared, why);
        } else if let Err(job) = queue.enter(job, arrived) {
            job.refuse(shared, Refusal::QueueFull);
        }
    }

    /// Hands over what was held, once the peer has taken enough answers.
    pub(super) fn release(
        &mut self,
        now: Instant,
        place: (&Arc<Mail>, usize),
        queue: &Entrance<Job>,
    ) {
        let Some(lane) = &self.lane else { return };
        if self.held.is_empty() || self.state == State::Writing || lane.is_full() {
            return;
        }
        let lane = Arc::clone(lane);
        // That its peer was slow is not the fault of what had to wait.
        self.arrived = now;
        for mut held in mem::take(&mut self.held) {
            held.arrived = now;
            self.hand_over(Arc::clone(&lane), held, place, queue);
        }
    }

    fn lane(&mut self) -> Option<Arc<Lane>> {
        if self.lane.is_none() {
            let encoder = self.engine.take_encoder()?;
            self.lane = Some(Arc::new(Lane::new(encoder, self.engine.context())));
        }
        self.lane.clone()
    }

    /// Takes the answers that workers have left, and writes them.
    pub(super) fn collect(&mut self, now: Instant) -> Result<(), End> {
        let Some(lane) = &self.lane else {
            return Ok(());
        };
        let mut answers = lane.answers.lock();
        answers.told = false;
        self.held.append(&mut answers.held);
        let left = mem::take(&mut answers.left);
        if left == 0 {
            return Ok(());
        }
        self.running -= left;
        // How long the peer has taken nothing is not changed by answers that it does not take.
        if self.state != State::Writing {
            self.pace = Pace::start(now);
        }
        let out = &mut self.buffers.out;
        if out.is_empty() {
            mem::swap(out, &mut answers.out);
        } else {
            out.append(&mut answers.out);
        }
        if let Some(error) = answers.broken.take() {
            self.end.get_or_insert(End::Failed(error));
            if self.state != State::Writing {
                self.state = State::Waiting;
            }
        }
        drop(answers);
        if self.state != State::Writing {
            self.write(now)?;
        }
        Ok(())
    }
}
