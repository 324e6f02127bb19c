//! From bytes to answers, without I/O: the part of a connection that every model shares.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::processor::{CallContext, Outcome, Peer, Request};
use crate::protocol::MessageForm;
use crate::server::events;
use crate::server::shared::{Counters, Shared};
use crate::transport::{Decoded, Decoder, Encoder, Setup, explain};

pub(super) struct Engine {
    decoder: Box<dyn Decoder>,
    encoder: Box<dyn Encoder>,
    cx: CallContext,
    /// Nothing has been understood yet, so the peer may speak anything.
    first: bool,
}

/// What a step came to.
pub(super) enum Step {
    /// At least this many bytes more are needed.
    NeedMore(usize),
    /// A message of this many bytes was processed.
    Consumed(usize),
}

impl Engine {
    pub(super) fn new(shared: &Shared, peer: Peer) -> Self {
        let settings = &shared.settings;
        let setup = Setup::new(&settings.limits, settings.wire());
        let (decoder, encoder) = settings.transport.open(&setup);
        Self {
            decoder,
            encoder,
            cx: CallContext::new(peer),
            first: true,
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        self.cx.peer()
    }

    /// Processes the first message in the buffer, if it is whole, and appends the answer.
    ///
    /// # Errors
    /// When what follows cannot be understood. What was appended before stands.
    #[inline]
    pub(super) fn step(
        &mut self,
        shared: &Arc<Shared>,
        buffer: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Step> {
        let first = self.first;
        self.try_step(shared, buffer, out).map_err(|error| {
            if !first {
                return error;
            }
            let settings = &shared.settings;
            explain(
                error,
                buffer,
                &settings.transport_name,
                settings.wire().name(),
            )
        })
    }

    /// Answers the first message in the buffer, if it is whole, with an application exception.
    ///
    /// # Errors
    /// The same.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        shared: &Shared,
        why: &str,
        buffer: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Step> {
        let settings = &shared.settings;
        let (message, consumed) = match self.decoder.decode(buffer)? {
            Decoded::NeedMore(missing) => return Ok(Step::NeedMore(missing)),
            Decoded::Message { message, consumed } => (message, consumed.max(1)),
        };
        let processor = &*settings.processor;
        let request = Request::read(processor, settings.protocol, message, &settings.limits)?;
        let start = self.encoder.begin(out);
        let code = ApplicationCode::INTERNAL_ERROR;
        let outcome = request.refuse(processor, code, why, out);
        if outcome == Outcome::Silent {
            out.truncate(start);
        } else {
            self.encoder.end(out, start)?;
        }
        Counters::add(shared.counters.of(outcome));
        Ok(Step::Consumed(consumed))
    }

    fn try_step(&mut self, shared: &Shared, buffer: &[u8], out: &mut Vec<u8>) -> Result<Step> {
        let (message, consumed) = match self.decoder.decode(buffer)? {
            Decoded::NeedMore(missing) => return Ok(Step::NeedMore(missing)),
            Decoded::Message { message, consumed } => (message, consumed),
        };
        if consumed == 0 {
            let text = "the transport found a message that takes no bytes";
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        let settings = &shared.settings;
        let processor = &*settings.processor;
        let request = Request::read(processor, settings.protocol, message, &settings.limits)?;
        if settings.strict_read && request.head.form == MessageForm::Old {
            let text = "the message has the old head, without a version, and strict_read is on";
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        self.first = false;

        let encoder = &mut *self.encoder;
        let start = encoder.begin(out);
        let empty = out.len();
        let cx = &mut self.cx;
        let processed = catch_unwind(AssertUnwindSafe(|| processor.process(&request, out, cx)));
        let failed = match processed {
            Ok(Outcome::Silent) => {
                out.truncate(start);
                Counters::add(&shared.counters.oneways);
                return Ok(Step::Consumed(consumed));
            }
            Ok(outcome) if out.len() > empty => match encoder.end(out, start) {
                Ok(()) => {
                    Counters::add(shared.counters.of(outcome));
                    return Ok(Step::Consumed(consumed));
                }
                Err(error) => error.to_string(),
            },
            // Not with Seapink's own processors.
            Ok(_) => "the processor wrote no answer".to_owned(),
            Err(_) => {
                events::panicked(self.cx.peer(), &request.head.name);
                "internal error".to_owned()
            }
        };
        out.truncate(start);
        encoder.begin(out);
        let code = ApplicationCode::INTERNAL_ERROR;
        match request.refuse(processor, code, &failed, out) {
            Outcome::Silent => out.truncate(start),
            outcome => {
                encoder.end(out, start)?;
                Counters::add(shared.counters.of(outcome));
            }
        }
        Ok(Step::Consumed(consumed))
    }
}
