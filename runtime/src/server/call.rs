//! How a call is run, and what its caller is told: the answer, or why there is none.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::deadline::Deadline;
use crate::error::{ApplicationCode, Result};
use crate::processor::{CallContext, Outcome, Request};
use crate::server::counters::Counters;
use crate::server::events;
use crate::server::refusal::{Refusal, Unanswered};
use crate::server::shared::Shared;
use crate::transport::Encoder;
use crate::wire::MessageKind;

/// Begins a call that came at a time.
///
/// # Errors
/// When its caller does not wait for it any more. Nobody waits for oneway calls, so they are run.
#[inline]
pub(super) fn begin(
    shared: &Shared,
    request: &Request<'_>,
    cx: &mut CallContext,
    arrived: Instant,
) -> Result<(), Unanswered> {
    let oneway = request.head.kind == MessageKind::Oneway;
    cx.begin(&request.head.name, oneway);
    let Some(envelope) = &request.envelope else {
        return Ok(());
    };
    cx.envelop(envelope);
    if let Some(ms) = envelope.timeout_ms() {
        let deadline = Deadline::ms_from(arrived, ms);
        cx.limit_deadline(deadline);
        if deadline.left().is_none() && !oneway {
            Counters::add(&shared.counters.expired);
            return Err(Unanswered::expired());
        }
    }
    Ok(())
}

/// Runs a call that came at a time, and appends its answer without what the transport puts around it.
///
/// # Errors
/// What the peer is told instead, when there is no answer.
#[inline]
pub(super) fn run(
    shared: &Shared,
    request: &Request<'_>,
    cx: &mut CallContext,
    arrived: Instant,
    out: &mut Vec<u8>,
) -> Result<Outcome, Unanswered> {
    let empty = out.len();
    begin(shared, request, cx, arrived)?;
    let _running = shared.counters.running();
    let processor = &*shared.settings.processor;
    let processed = catch_unwind(AssertUnwindSafe(|| processor.process(request, out, cx)));
    cx.end();
    judge(request, cx, &processed, out.len() > empty)
}

/// What has come of a call, and whether it has left an answer.
///
/// # Errors
/// The same.
#[inline]
pub(super) fn judge(
    request: &Request<'_>,
    cx: &CallContext,
    processed: &Result<Outcome, Box<dyn Any + Send>>,
    answered: bool,
) -> Result<Outcome, Unanswered> {
    match processed {
        Ok(outcome) if *outcome == Outcome::Silent || answered => Ok(*outcome),
        // Not with Seapink's own processors.
        Ok(_) => Err(Unanswered::internal("the processor wrote no answer")),
        Err(_) => {
            events::panicked(cx.peer(), &request.head.name);
            Err(Unanswered::internal("internal error"))
        }
    }
}

/// Appends an answer, with what the transport puts around it. If there is none, or it is too large
/// for the transport, an application exception says so.
///
/// # Errors
/// When not even that can be said.
#[inline]
pub(super) fn answer(
    shared: &Shared,
    request: &Request<'_>,
    encoder: &mut dyn Encoder,
    out: &mut Vec<u8>,
    append: impl FnOnce(&mut Vec<u8>) -> Result<Outcome, Unanswered>,
) -> Result<()> {
    let start = encoder.begin(out);
    let message = out.len();
    let failed = match append(out) {
        Ok(Outcome::Silent) => {
            out.truncate(start);
            encoder.no_answer(out);
            shared.counters.ended(Outcome::Silent);
            return Ok(());
        }
        Ok(outcome) => {
            if outcome == Outcome::Exception {
                note_exception(shared, request, &out[message..]);
            }
            match end(request, encoder, out, start) {
                Ok(()) => {
                    shared.counters.ended(outcome);
                    return Ok(());
                }
                Err(error) => {
                    // They may be what was too large.
                    if let Some(envelope) = &request.envelope {
                        envelope.drop_reply_headers();
                    }
                    Unanswered::internal(error.to_string())
                }
            }
        }
        Err(why) => why,
    };
    out.truncate(start);
    except(shared, request, failed.code, &failed.text, encoder, out)
}

/// Puts around an answer what stood around its call.
#[inline]
fn end(
    request: &Request<'_>,
    encoder: &mut dyn Encoder,
    out: &mut Vec<u8>,
    start: usize,
) -> Result<()> {
    match &request.envelope {
        None => encoder.end(out, start),
        Some(envelope) => encoder.end_answer(out, start, envelope),
    }
}

/// Answers a call that is not run.
///
/// # Errors
/// When not even that can be said.
#[cold]
pub(super) fn refuse(
    shared: &Shared,
    request: &Request<'_>,
    why: Refusal,
    encoder: &mut dyn Encoder,
    out: &mut Vec<u8>,
) -> Result<()> {
    let code = ApplicationCode::OVERLOADED;
    except(shared, request, code, why.text(), encoder, out)
}

#[cold]
fn except(
    shared: &Shared,
    request: &Request<'_>,
    code: ApplicationCode,
    text: &str,
    encoder: &mut dyn Encoder,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = encoder.begin(out);
    let outcome = request.refuse(&*shared.settings.processor, code, text, out);
    if outcome == Outcome::Silent {
        out.truncate(start);
        encoder.no_answer(out);
    } else {
        end(request, encoder, out, start)?;
        shared.counters.exception(code);
    }
    shared.counters.ended(outcome);
    Ok(())
}

/// Counts an application exception that a processor wrote.
#[cold]
fn note_exception(shared: &Shared, request: &Request<'_>, message: &[u8]) {
    let wire = shared.settings.processor.protocols()[request.protocol];
    let code = match wire.read_exception(message, request.limits) {
        Ok((code, _)) => ApplicationCode(code),
        Err(_) => ApplicationCode::UNKNOWN,
    };
    shared.counters.exception(code);
}
