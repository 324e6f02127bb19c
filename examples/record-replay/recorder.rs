//! A processor around a processor, and the way back.

use std::path::Path;

use seapink::processor::{Outcome, Request};
use seapink::transport::file::{FileOptions, FileReader, FileWriter, ReadMode};
use seapink::{CallContext, Limits, Processor, Result, WireProtocol};

/// Writes every message to a file, then lets another processor answer it.
pub struct Recorder<P> {
    inner: P,
    log: FileWriter,
}

impl<P: Processor> Recorder<P> {
    /// Records what `inner` is asked.
    pub fn new(inner: P, log: FileWriter) -> Self {
        Self { inner, log }
    }
}

impl<P: Processor> Processor for Recorder<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.inner.protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        // A full disk must not stop the service: the call is answered, and missing in the recording.
        if let Err(error) = self.log.append(request.message) {
            eprintln!("not recorded: {error}");
        }
        self.inner.process(request, reply, cx)
    }
}

/// Processes every recorded message, and returns how many there were. The recording is in the
/// processor's first protocol, `binary`.
pub fn replay(log: &Path, processor: &dyn Processor) -> Result<usize> {
    let mut messages = FileReader::open(log, FileOptions::default(), ReadMode::ToEnd)?;
    let (limits, mut cx) = (Limits::default(), CallContext::default());
    let (mut calls, mut reply) = (0, Vec::new());
    while let Some(message) = messages.next_event()? {
        let request = Request::read(processor, 0, message, &limits)?;
        reply.clear();
        processor.process(&request, &mut reply, &mut cx);
        calls += 1;
    }
    Ok(calls)
}
