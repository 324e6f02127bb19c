//! From bytes to answers, without I/O: the part of a connection that every model shares.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::processor::{CallContext, Outcome, Peer, Request};
use crate::protocol::MessageForm;
use crate::server::events;
use crate::server::shared::{Counters, Shared};
use crate::transport::{Decoded, Decoder, Encoder, Setup, explain};
use crate::wire::MessageKind;

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

    /// Learns from the stream who the peer is, as far as that is only known after a handshake.
    #[cfg(feature = "tls")]
    pub(super) fn meet(&mut self, stream: &dyn crate::transport::Stream) {
        if self.first && self.cx.tls().is_none() {
            self.cx.set_tls(stream.tls());
        }
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
        let code = ApplicationCode::OVERLOADED;
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
        cx.begin(&request.head.name, request.head.kind == MessageKind::Oneway);
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

#[cfg(test)]
mod tests {
    use allocation_counter::measure;

    use super::*;
    use crate::codec::{DecodeStruct, EncodeStruct, Struct, StructReader, StructWriter};
    use crate::config::ServerConfig;
    use crate::processor::{Call, Service};
    use crate::protocol::{FieldHeader, Input, Output, Protocol, ProtocolSet, Standard};
    use crate::server::shared::Settings;

    #[derive(Clone, Default)]
    struct Point {
        id: i64,
        score: f64,
    }

    impl Struct for Point {
        const NAME: &'static str = "Point";
        const FIELDS: &'static [(i16, &'static str)] = &[(1, "id"), (2, "score")];
    }

    impl EncodeStruct for Point {
        fn encode<'v, O: Output<'v>>(&'v self, fields: &mut StructWriter<'_, O>) {
            fields.field(1, &self.id);
            fields.field(2, &self.score);
        }
    }

    impl<'de> DecodeStruct<'de> for Point {
        fn decode<I: Input<'de>>(&mut self, fields: &mut StructReader<'_, 'de, I>) -> Result<()> {
            *self = Self::default();
            fields.expect(1, &mut self.id)?;
            fields.expect(2, &mut self.score)
        }

        fn decode_field<I: Input<'de>>(
            &mut self,
            field: FieldHeader,
            fields: &mut StructReader<'_, 'de, I>,
        ) -> Result<()> {
            match field.id {
                1 => fields.read(field, &mut self.id),
                2 => fields.read(field, &mut self.score),
                _ => fields.skip(field),
            }
        }
    }

    #[derive(Debug)]
    enum Failure {
        Other(#[allow(dead_code, reason = "for `Debug`")] Error),
    }

    crate::impl_method_error!(Failure {});

    struct Mirror;

    impl Service for Mirror {
        type Handler = Self;

        const NAME: &'static str = "Mirror";

        fn handler(&self) -> &Self {
            self
        }

        fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
            let mirror = |_: &Self, _: &CallContext, point: Point| Ok::<_, Failure>(point);
            match call.method() {
                "mirror" => call.reply(handler, mirror, &[(1, "point")]),
                _ => call.unknown_method(),
            }
        }
    }

    /// A call of `mirror`, as a client would send it.
    fn call(transport: &str, protocol: Standard) -> Vec<u8> {
        use crate::client::{Channel, Client};

        struct Recorder(Arc<parking_lot::Mutex<Vec<u8>>>);

        impl Channel for Recorder {
            fn exchange(
                &self,
                _: &crate::client::CallOptions,
                encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
                _: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
            ) -> Result<()> {
                encode(7, &mut self.0.lock())
            }
        }

        let message = Arc::default();
        let client = Client::new(Recorder(Arc::clone(&message)), protocol);
        let point = Point { id: 5, score: 0.5 };
        let _: Result<Point, Failure> = client.call("mirror", &[(1, "point")], (&point,));
        let message = message.lock();
        match transport {
            "framed" => {
                let length = u32::try_from(message.len()).unwrap().to_be_bytes();
                [&length[..], &message].concat()
            }
            _ => message.clone(),
        }
    }

    #[test]
    fn a_call_without_strings_allocates_nothing() {
        for transport in ["framed", "buffered"] {
            for (protocol, wire) in Standard::ALL.iter().zip(Standard::WIRE) {
                if wire.name() == "json" {
                    continue;
                }
                let config = ServerConfig::new("").transport(transport);
                let config = config.protocol(wire.name());
                let settings = Settings::new(&config, Arc::new(Mirror)).unwrap();
                let shared = Arc::new(Shared::new(settings));
                let mut engine = Engine::new(&shared, Peer::default());
                let bytes = call(transport, *protocol);
                let mut out = Vec::new();
                let mut step = || {
                    out.clear();
                    let stepped = engine.step(&shared, &bytes, &mut out);
                    assert!(matches!(stepped, Ok(Step::Consumed(all)) if all == bytes.len()));
                };
                // The first call makes the buffers as large as they need to be.
                step();
                let allocations = measure(|| (0..100).for_each(|_| step()));
                let name = format!("{transport} {}", wire.name());
                assert_eq!(allocations.count_total, 0, "{name}");
                assert_eq!(shared.stats().replies, 101, "{name}");
            }
        }
    }
}
