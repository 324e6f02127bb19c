//! Where datagrams are served: read, run, and answered in one datagram.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::message::{Refused, read};
use super::{DatagramFault, Waiting};
use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::peer::Peer;
use crate::processor::CallContext;
use crate::server::call;
use crate::server::counters::Counters;
use crate::server::refusal::Refusal;
use crate::server::shared::Shared;
use crate::transport::{Answers, Encoder};

/// Bytes of the heads of IPv4 and UDP. They count when a call and its answer are compared, since both
/// have them.
const HEADS: usize = 20 + 8;

#[derive(Clone)]
pub(super) struct Desk {
    shared: Arc<Shared>,
    answers: Answers,
}

impl Desk {
    pub(super) fn new(shared: &Arc<Shared>, answers: Answers) -> Self {
        let shared = Arc::clone(shared);
        Self { shared, answers }
    }

    /// Serves one that has waited.
    pub(super) fn take(&self, waiting: Waiting, refusal: Option<Refusal>) {
        self.serve(&waiting.bytes, waiting.from, refusal);
        drop(waiting.in_hand);
    }

    /// Serves one, or refuses to.
    pub(super) fn serve(&self, bytes: &[u8], from: SocketAddr, refusal: Option<Refusal>) {
        // The processor's panics are caught further in; this is for a protocol of a user's own.
        let served = AssertUnwindSafe(|| self.try_serve(bytes, from, refusal));
        if catch_unwind(served).is_err() {
            let error = Error::new(ErrorKind::Handler, "it made the server's code panic");
            self.note(from, DatagramFault::Malformed, &error);
        }
    }

    fn try_serve(&self, bytes: &[u8], from: SocketAddr, refusal: Option<Refusal>) {
        let shared = &self.shared;
        let mut encoder = OneDatagram::new(shared, bytes.len());
        let mut out = Vec::new();
        let written = match (read(&shared.settings, bytes), refusal) {
            (Err(refused), _) => self.refuse(refused, from, &mut encoder, &mut out),
            (Ok(request), None) => {
                let mut cx = CallContext::new(Peer::Udp(from));
                call::answer(shared, &request, &mut encoder, &mut out, |out| {
                    call::run(shared, &request, &mut cx, Instant::now(), out)
                })
            }
            (Ok(request), Some(why)) => {
                let error = Error::new(ErrorKind::Overloaded, why.text());
                self.note(from, DatagramFault::Overloaded, &error);
                call::refuse(shared, &request, why, &mut encoder, &mut out)
            }
        };
        match written {
            Ok(()) if out.is_empty() || shared.is_cut() => {}
            Ok(()) => self.send(&out, from),
            Err(error) => self.note(from, DatagramFault::AnswerTooLarge, &error),
        }
    }

    /// Counts what cannot be run, and answers it if it is known to be a call.
    #[cold]
    fn refuse(
        &self,
        refused: Refused<'_>,
        from: SocketAddr,
        encoder: &mut OneDatagram,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let Refused { fault, error, call } = refused;
        self.note(from, fault, &error);
        let Some(request) = call else {
            return Ok(());
        };
        let (processor, code) = (
            &*self.shared.settings.processor,
            ApplicationCode::PROTOCOL_ERROR,
        );
        let start = encoder.begin(out);
        let outcome = request.refuse(processor, code, error.message(), out);
        encoder.end(out, start)?;
        self.shared.counters.exception(code);
        self.shared.counters.ended(outcome);
        Ok(())
    }

    fn send(&self, out: &[u8], to: SocketAddr) {
        match self.answers.send(out, to) {
            Ok(()) => Counters::add_bytes(&self.shared.counters.bytes_written, out.len()),
            Err(error) => self.note(to, DatagramFault::AnswerNotSent, &error.into()),
        }
    }

    #[cold]
    fn note(&self, from: SocketAddr, fault: DatagramFault, error: &Error) {
        self.shared.counters.datagram(fault);
        self.shared.events.datagram(&Peer::Udp(from), fault, error);
    }
}

/// Refuses answers that do not fit into one datagram, or that would make this server a tool to flood
/// others with.
struct OneDatagram {
    bytes_max: usize,
    /// What the call has room for.
    answer_max: usize,
    factor: usize,
}

impl OneDatagram {
    fn new(shared: &Shared, call: usize) -> Self {
        let udp = &shared.settings.udp;
        let factor = udp.answer_factor_max;
        Self {
            bytes_max: udp.datagram_bytes_max,
            answer_max: (call + HEADS).saturating_mul(factor) - HEADS,
            factor,
        }
    }
}

impl Encoder for OneDatagram {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        out.len()
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let len = out.len() - start;
        let text = if len > self.bytes_max {
            let max = self.bytes_max;
            format!("the answer has {len} bytes, more than datagram_bytes_max = {max}")
        } else if len > self.answer_max {
            // Short, since it has to fit itself.
            format!("the answer would pass answer_factor_max = {}", self.factor)
        } else {
            return Ok(());
        };
        out.truncate(start);
        Err(Error::new(ErrorKind::Limit, text))
    }
}
