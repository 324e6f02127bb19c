//! Feeds recorded messages to a processor, as if they had just arrived.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::peer::Peer;
use crate::processor::{CallContext, Outcome, Processor, Request};
use crate::protocol::WireProtocol;
use crate::server::RecordedCall;
use crate::transport::file::FileReader;
use crate::transport::{Decoded, Setup, Transport};
use crate::wire::MessageKind;

/// Answers the calls in a file, each event of which holds one message, and perhaps the
/// [answer](super::RecordOptions::answers) that it once got, or with a
/// [transport](Self::transport) what that has written.
pub struct FileProcessor {
    processor: Arc<dyn Processor>,
    protocol: usize,
    transport: Option<Arc<dyn Transport>>,
    limits: Limits,
}

/// What came of the events of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Events read.
    pub events: u64,
    /// Calls answered with a result or a declared exception.
    pub replies: u64,
    /// Calls answered with an application exception.
    pub exceptions: u64,
    /// Calls that get no answer.
    pub oneways: u64,
    /// Events that hold no message, or more than messages.
    pub unreadable: u64,
}

impl FileProcessor {
    /// Replays messages of one of the processor's protocols. Each event is one message.
    ///
    /// # Errors
    /// When the processor has no protocol of this name.
    pub fn new(processor: impl Processor + 'static, protocol: &str) -> Result<Self> {
        let processor: Arc<dyn Processor> = Arc::new(processor);
        let mut protocols = processor.protocols().iter();
        let Some(protocol) = protocols.position(|wire| wire.name() == protocol) else {
            let text = format!("the processor does not speak the protocol `{protocol}`");
            return Err(Error::new(ErrorKind::Config, text));
        };
        Ok(Self {
            processor,
            protocol,
            transport: None,
            limits: Limits::default(),
        })
    }

    /// The same for events that hold what a transport wrote. A client of Apache's libraries that
    /// wrote frames to its file has left frames in the events.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The same with other limits on what a message may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Replays events up to the end of the file, as the reader understands it: a tailing reader
    /// waits for more until it is stopped. At most `events_max` of them, if that is given.
    ///
    /// Each answer is handed to `answer`, without frames; `|_| ()` discards them. An event that
    /// cannot be read is counted, and the next one is tried.
    ///
    /// # Errors
    /// Those of [`FileReader::next_event`].
    pub fn replay<F: Read + Seek>(
        &self,
        reader: &mut FileReader<F>,
        events_max: Option<u64>,
        mut answer: impl FnMut(&[u8]),
    ) -> Result<Replayed> {
        let events_max = events_max.unwrap_or(u64::MAX);
        self.replay_before(reader, events_max, u64::MAX, &mut answer)
    }

    /// The same for the events that are left in the reader's present chunk.
    pub fn replay_chunk<F: Read + Seek>(
        &self,
        reader: &mut FileReader<F>,
        mut answer: impl FnMut(&[u8]),
    ) -> Result<Replayed> {
        let end = reader.chunk_end();
        self.replay_before(reader, u64::MAX, end, &mut answer)
    }

    fn replay_before<F: Read + Seek>(
        &self,
        reader: &mut FileReader<F>,
        events_max: u64,
        end: u64,
        answer: &mut dyn FnMut(&[u8]),
    ) -> Result<Replayed> {
        let mut replayed = Replayed::default();
        let mut reply = Vec::new();
        let mut cx = CallContext::new(Peer::Local);
        while replayed.events < events_max
            && let Some(event) = reader.next_event_before(end)?
        {
            replayed.events += 1;
            let mut process = |message: &[u8]| {
                self.process(message, &mut reply, &mut cx, &mut replayed)?;
                if !reply.is_empty() {
                    answer(&reply);
                }
                Ok(())
            };
            let read = match &self.transport {
                None => process(event),
                Some(transport) => self.unwrap(&**transport, event, &mut process),
            };
            if let Err(error) = read {
                replayed.unreadable += 1;
                super::events::unreadable(&error);
            }
        }
        Ok(replayed)
    }

    /// Takes messages out of what a transport wrote.
    fn unwrap(
        &self,
        transport: &dyn Transport,
        mut event: &[u8],
        process: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let (mut decoder, _) = transport.open(&Setup::new(&self.limits, self.wire()));
        while !event.is_empty() {
            match decoder.decode(event)? {
                Decoded::Message { message, consumed } if consumed > 0 => {
                    process(message)?;
                    event = event.get(consumed..).unwrap_or_default();
                }
                _ => {
                    let text = "the event ends before the message in it does";
                    return Err(Error::new(ErrorKind::Truncated, text));
                }
            }
        }
        Ok(())
    }

    fn process(
        &self,
        message: &[u8],
        reply: &mut Vec<u8>,
        cx: &mut CallContext,
        replayed: &mut Replayed,
    ) -> Result<()> {
        reply.clear();
        let processor = &*self.processor;
        // A recording may have the answer behind its call.
        let recorded = RecordedCall::read(message, &[self.wire()], &self.limits);
        let message = recorded.map_or(message, |recorded| recorded.call);
        let request = Request::read(processor, self.protocol, message, &self.limits)?;
        cx.begin(&request.head.name, request.head.kind == MessageKind::Oneway);
        let processed = catch_unwind(AssertUnwindSafe(|| processor.process(&request, reply, cx)));
        let outcome = processed.unwrap_or_else(|_| {
            reply.clear();
            let code = ApplicationCode::INTERNAL_ERROR;
            request.refuse(processor, code, "internal error", reply)
        });
        match outcome {
            Outcome::Reply | Outcome::Declared => replayed.replies += 1,
            Outcome::Exception => replayed.exceptions += 1,
            Outcome::Silent => replayed.oneways += 1,
        }
        Ok(())
    }

    fn wire(&self) -> &'static dyn WireProtocol {
        self.processor.protocols()[self.protocol]
    }
}

impl std::fmt::Debug for FileProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileProcessor")
            .field("protocol", &self.wire().name())
            .finish_non_exhaustive()
    }
}
