//! Calls of one connection that run at the same time: `reply_order = "any"`.
//!
//! The loop hands each message to the workers by itself. They leave the answers here, in the order
//! in which they are done, and the loop writes all that it finds at once.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind};
use crate::processor::{CallContext, Request};
use crate::server::connection::{Buffers, End};
use crate::server::engine::{self, Found, Refusal};
use crate::server::nonblocking::mail::Mail;
use crate::server::nonblocking::polled::{Polled, State};
use crate::server::nonblocking::workers::{Job, Work};
use crate::server::pace::Pace;
use crate::server::queue::Entrance;
use crate::server::shared::Shared;
use crate::transport::Encoder;

/// Where workers leave the answers to one connection's calls.
pub(super) struct Lane {
    answers: Mutex<Answers>,
    /// What all calls have in common.
    cx: CallContext,
}

struct Answers {
    encoder: Box<dyn Encoder>,
    out: Vec<u8>,
    /// How many were left since the loop took the last ones.
    left: usize,
    /// The loop knows that there are some.
    told: bool,
    /// No answer can follow: the peer would take it for something else.
    broken: Option<Error>,
}

/// One call, on its way through the queue.
pub(super) struct Call {
    lane: Arc<Lane>,
    protocol: usize,
    message: Vec<u8>,
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
            told: false,
            broken: None,
        };
        Self {
            answers: Mutex::new(answers),
            cx,
        }
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
        let request = Request::read(processor, self.protocol, &self.message, &settings.limits);
        let request = match request {
            Ok(request) => request,
            // Not with Seapink's own protocols: the loop has read this head already.
            Err(error) => return self.fail(error),
        };
        if let Some(why) = refusal {
            return self.leave(|encoder, out| engine::refuse(shared, &request, why, encoder, out));
        }
        cx.meet(&self.lane.cx);
        let ran = engine::run(shared, &request, cx, reply);
        let told = self.leave(|encoder, out| {
            engine::answer(shared, &request, encoder, out, |out| {
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
        if let Err(error) = append(&mut **encoder, out) {
            answers.broken.get_or_insert(error);
        }
        answers.left += 1;
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
        let in_flight_max = shared.settings.in_flight_max;
        self.state = State::Reading;
        while !self.buffers.inbox.is_empty() {
            if self.running >= in_flight_max {
                self.state = State::Waiting;
                break;
            }
            let Buffers { inbox, .. } = &mut self.buffers;
            let (protocol, message, consumed) = match self.engine.find(&shared, inbox.bytes()) {
                Ok(Found::Message(request, consumed)) => {
                    (request.protocol, request.message.to_vec(), consumed)
                }
                Ok(Found::NeedMore(missing)) => {
                    self.missing = missing;
                    break;
                }
                Err(error) => {
                    self.end = Some(End::Failed(error));
                    self.state = State::Waiting;
                    break;
                }
            };
            inbox.consume(consumed);
            self.pace = Pace::start(now);
            let Some(lane) = self.lane() else {
                let text = "the transport has no encoder";
                return Err(End::Failed(Error::new(ErrorKind::Malformed, text)));
            };
            self.running += 1;
            let call = Call {
                lane,
                protocol,
                message,
            };
            let work = Work::Call(call);
            let mail = Arc::clone(mail);
            if let Err(job) = queue.enter(Job { work, slot, mail }, now) {
                job.refuse(&shared, Refusal::QueueFull);
            }
        }
        self.collect(now)
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
        let left = mem::take(&mut answers.left);
        if left == 0 {
            return Ok(());
        }
        self.running -= left;
        self.pace = Pace::start(now);
        let out = &mut self.buffers.out;
        if out.is_empty() {
            mem::swap(out, &mut answers.out);
        } else {
            out.append(&mut answers.out);
        }
        if let Some(error) = answers.broken.take() {
            self.end.get_or_insert(End::Failed(error));
        }
        drop(answers);
        if self.state != State::Writing {
            self.write(now)?;
        }
        Ok(())
    }
}
