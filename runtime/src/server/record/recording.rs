//! A processor around a processor.

use std::sync::Arc;

use super::queue::Queue;
#[cfg(feature = "tokio")]
use crate::processor::{Answer, AsyncProcessor};
use crate::processor::{CallContext, Outcome, Processor, Request};
use crate::protocol::WireProtocol;
use crate::wire::MessageKind;

/// A processor whose calls are recorded, made by [`Record::around`](super::Record::around). One whose
/// handlers are futures stays such a one.
pub struct Recording<P> {
    processor: P,
    queue: Arc<Queue>,
    answers: bool,
}

/// A call that is recorded when it ends, with its answer or, if it was given up or its thread has
/// panicked, without one.
struct Running<'a> {
    queue: &'a Queue,
    call: Option<&'a [u8]>,
    may_wait: bool,
}

impl<P> Recording<P> {
    pub(super) fn new(processor: P, queue: Arc<Queue>, answers: bool) -> Self {
        Self {
            processor,
            queue,
            answers,
        }
    }

    /// Records a call at once, or leaves that to its end.
    fn begin<'a>(&'a self, request: &Request<'a>, may_wait: bool) -> Running<'a> {
        let mut running = Running {
            queue: &self.queue,
            call: Some(request.message),
            may_wait,
        };
        match request.head.kind {
            MessageKind::Call if self.answers => {}
            MessageKind::Call | MessageKind::Oneway => running.record(&[]),
            // Not a call: there is nothing to be replayed.
            MessageKind::Reply | MessageKind::Exception => running.call = None,
        }
        running
    }
}

impl Running<'_> {
    fn record(&mut self, answer: &[u8]) {
        if let Some(call) = self.call.take() {
            self.queue.push([call, answer], self.may_wait);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.record(&[]);
    }
}

impl<P: Processor> Processor for Recording<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.processor.protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        let mut running = self.begin(request, true);
        let start = reply.len();
        let outcome = self.processor.process(request, reply, cx);
        running.record(reply.get(start..).unwrap_or_default());
        outcome
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.processor.service_of(name)
    }
}

#[cfg(feature = "tokio")]
impl<P: AsyncProcessor> AsyncProcessor for Recording<P> {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.processor.protocols()
    }

    fn process<'a>(
        &'a self,
        request: &'a Request<'a>,
        reply: &'a mut Vec<u8>,
        cx: &'a mut CallContext,
    ) -> Answer<'a> {
        Box::pin(async move {
            let mut running = self.begin(request, false);
            let start = reply.len();
            let outcome = self.processor.process(request, reply, cx).await;
            running.record(reply.get(start..).unwrap_or_default());
            outcome
        })
    }

    fn service_of<'a>(&'a self, name: &'a str) -> &'a str {
        self.processor.service_of(name)
    }
}
