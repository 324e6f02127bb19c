//! A processor around a processor.

use seapink::processor::{Outcome, Request};
use seapink::transport::file::FileWriter;
use seapink::{CallContext, Processor, WireProtocol};

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

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.inner.service_of(name)
    }
}
