//! Where the calls of a connection leave their answers.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::processor::CallContext;
use crate::server::connection::OUT_BYTES;
use crate::transport::Encoder;

/// Where the calls of a connection leave their answers.
///
/// While the peer does not take its answers, no more of them are made: calls that have not begun wait.
/// So what is held for it are the answers of the calls that ran just then, not of all in flight.
pub(super) struct Outlet {
    answers: Mutex<Answers>,
    /// Bytes of answers that are left and not written.
    unwritten: AtomicUsize,
    /// The peer has taken enough of them.
    pub(super) taken: Notify,
    /// What all calls have in common.
    pub(super) cx: CallContext,
}

struct Answers {
    encoder: Box<dyn Encoder>,
    out: Vec<u8>,
    /// No answer can follow: the peer would take it for something else.
    broken: Option<Error>,
}

impl Outlet {
    pub(super) fn new(encoder: Box<dyn Encoder>, cx: CallContext) -> Self {
        let answers = Answers {
            encoder,
            out: Vec::new(),
            broken: None,
        };
        Self {
            answers: Mutex::new(answers),
            unwritten: AtomicUsize::new(0),
            taken: Notify::new(),
            cx,
        }
    }

    pub(super) fn leave(&self, append: impl FnOnce(&mut dyn Encoder, &mut Vec<u8>) -> Result<()>) {
        let mut answers = self.answers.lock();
        let Answers { encoder, out, .. } = &mut *answers;
        let before = out.len();
        let appended = append(&mut **encoder, out);
        // Before the connection can write it.
        let more = out.len().saturating_sub(before);
        self.unwritten.fetch_add(more, Ordering::Relaxed);
        if let Err(error) = appended {
            answers.broken.get_or_insert(error);
        }
    }

    /// Acknowledges a oneway call, if the transport does so and has not done so yet.
    pub(super) fn acknowledge(&self) -> bool {
        let mut acknowledged = false;
        self.leave(|encoder, out| {
            acknowledged = encoder.acknowledge(out);
            Ok(())
        });
        acknowledged
    }

    /// Tells the peer that something is no message, if the transport does so.
    #[cold]
    pub(super) fn refuse(&self, why: &Error) {
        self.leave(|encoder, out| {
            encoder.refuse(out, why);
            Ok(())
        });
    }

    pub(super) fn unwritten(&self) -> usize {
        self.unwritten.load(Ordering::Relaxed)
    }

    /// Whether the peer has to take answers first.
    pub(super) fn is_full(&self) -> bool {
        self.unwritten() >= OUT_BYTES
    }

    /// Notes that the peer has taken so many bytes. Whether that has made room.
    pub(super) fn wrote(&self, bytes: usize) -> bool {
        let fewer = |unwritten: usize| Some(unwritten.saturating_sub(bytes));
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let before = self.unwritten.fetch_update(set, get, fewer).unwrap_or(0);
        let room = before >= OUT_BYTES && before.saturating_sub(bytes) < OUT_BYTES;
        if room {
            self.taken.notify_waiters();
        }
        room
    }

    /// Takes what was left, in exchange for an empty buffer.
    ///
    /// # Errors
    /// When no answer can follow. What was left before is taken.
    pub(super) fn take(&self, out: &mut Vec<u8>) -> Result<()> {
        let mut answers = self.answers.lock();
        mem::swap(&mut answers.out, out);
        answers.broken.take().map_or(Ok(()), Err)
    }
}
