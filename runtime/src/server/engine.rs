//! From bytes to answers, without I/O: the part of a connection that every model shares.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::peer::Identity;
use crate::processor::{CallContext, Peer, Request};
use crate::protocol::MessageForm;
use crate::server::call;
use crate::server::refusal::Refusal;
use crate::server::shared::{Settings, Shared};
use crate::server::whole::check_whole;
use crate::transport::{Decoded, Decoder, Encoder, Setup, Transport};
use crate::wire::MessageKind;

/// What one connection needs to know of its messages.
pub(super) struct Engine {
    intake: Intake,
    /// Absent until it is known what the peer speaks, or when somebody else writes the answers.
    encoder: Option<Box<dyn Encoder>>,
    cx: CallContext,
}

/// The half that finds messages.
struct Intake {
    /// Absent until it is known what the peer speaks.
    decoder: Option<Box<dyn Decoder>>,
    protocol: usize,
    /// Oneway calls are answered before they are run.
    exclusive: bool,
    /// Nothing has been understood yet, so the peer may speak anything.
    first: bool,
    /// The first bytes have shown the protocol.
    shown: bool,
}

/// What a step came to.
pub(super) enum Step {
    /// At least this many bytes more are needed.
    NeedMore(usize),
    /// A message of this many bytes was processed.
    Consumed(usize),
    /// A oneway call was acknowledged, and is run by the next step. That may take long, and its client
    /// waits.
    Acknowledged,
}

/// What the buffer starts with.
pub(super) enum Found<'a> {
    /// At least this many bytes more are needed for a message.
    NeedMore(usize),
    /// A message, and how many bytes it takes.
    Message(Request<'a>, usize),
}

impl Engine {
    pub(super) fn new(shared: &Shared, peer: Peer) -> Self {
        let mut engine = Self {
            intake: Intake {
                decoder: None,
                protocol: 0,
                exclusive: false,
                first: true,
                shown: false,
            },
            encoder: None,
            cx: CallContext::new(peer),
        };
        if let Some((transport, protocol)) = shared.settings.selection.fixed() {
            engine.open(&shared.settings, transport, protocol);
        }
        engine
    }

    fn open(&mut self, settings: &Settings, transport: &dyn Transport, protocol: usize) {
        let wire = settings.processor.protocols()[protocol];
        let (decoder, encoder) = transport.open(&Setup::new(&settings.limits, wire));
        self.encoder = Some(encoder);
        self.intake.decoder = Some(decoder);
        self.intake.protocol = protocol;
        self.intake.exclusive = transport.is_exclusive();
    }

    /// Gives back what only messages took that are handled by now.
    pub(super) fn shrink(&mut self) {
        if let Some(decoder) = &mut self.intake.decoder {
            decoder.shrink();
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        self.cx.peer()
    }

    /// Learns from the stream who the peer is, as far as that is only known after a handshake.
    pub(super) fn meet(&mut self, identity: impl FnOnce() -> Identity) {
        if self.intake.first && !self.cx.identity().is_known() {
            self.cx.set_identity(identity());
        }
    }

    /// For somebody else who runs the calls: what they have in common.
    pub(super) fn context(&self) -> CallContext {
        let mut cx = CallContext::default();
        cx.meet(&self.cx);
        cx
    }

    /// For somebody else who tells the peer why something is no message.
    #[cold]
    pub(super) fn no_message(&self, shared: &Shared, why: &Error) -> Error {
        let shown = self.intake.shown();
        shared.settings.selection.no_message(shown, why)
    }

    /// For somebody else who writes the answers, once a message was found.
    pub(super) fn take_encoder(&mut self) -> Option<Box<dyn Encoder>> {
        self.encoder.take()
    }

    /// Processes the first message in the buffer, if it is whole, and appends the answer. `arrived` is
    /// when it came.
    ///
    /// # Errors
    /// When what follows cannot be understood. What was appended before stands.
    #[inline]
    pub(super) fn step(
        &mut self,
        shared: &Arc<Shared>,
        buffer: &[u8],
        arrived: Instant,
        out: &mut Vec<u8>,
    ) -> Result<Step> {
        self.step_with(shared, buffer, out, |request, cx, encoder, out| {
            if request.head.kind == MessageKind::Oneway && encoder.acknowledge(out) {
                return Ok(false);
            }
            let run = |out: &mut Vec<u8>| call::run(shared, request, cx, arrived, out);
            call::answer(shared, request, encoder, out, run).map(|()| true)
        })
    }

    /// Answers the first message in the buffer, if it is whole, with an application exception.
    ///
    /// # Errors
    /// The same.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        shared: &Arc<Shared>,
        why: Refusal,
        buffer: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Step> {
        self.step_with(shared, buffer, out, |request, _, encoder, out| {
            call::refuse(shared, request, why, encoder, out).map(|()| true)
        })
    }

    #[inline]
    fn step_with(
        &mut self,
        shared: &Shared,
        buffer: &[u8],
        out: &mut Vec<u8>,
        process: impl FnOnce(
            &Request<'_>,
            &mut CallContext,
            &mut dyn Encoder,
            &mut Vec<u8>,
        ) -> Result<bool>,
    ) -> Result<Step> {
        let opened = self.ensure_open(shared, buffer);
        let Self {
            intake,
            encoder: Some(encoder),
            cx,
        } = self
        else {
            return opened.map(|()| Step::NeedMore(1));
        };
        let shown = intake.shown();
        let found = opened.and_then(|()| intake.find(shared, buffer));
        let found = found.inspect_err(|error| {
            let why = shared.settings.selection.no_message(shown, error);
            encoder.refuse(out, &why);
        });
        match found? {
            Found::NeedMore(missing) => Ok(Step::NeedMore(missing)),
            Found::Message(request, consumed) => {
                let done = process(&request, cx, &mut **encoder, out)?;
                Ok(if done {
                    Step::Consumed(consumed)
                } else {
                    Step::Acknowledged
                })
            }
        }
    }

    /// Looks for a message at the front of the buffer, for somebody else to answer.
    ///
    /// # Errors
    /// When what follows cannot be understood.
    pub(super) fn find<'a>(
        &'a mut self,
        shared: &'a Shared,
        buffer: &'a [u8],
    ) -> Result<Found<'a>> {
        self.ensure_open(shared, buffer)?;
        self.intake.find(shared, buffer)
    }

    /// Finds out what the peer speaks, if that is not known yet and enough has arrived.
    #[inline]
    fn ensure_open(&mut self, shared: &Shared, buffer: &[u8]) -> Result<()> {
        if self.intake.decoder.is_some() || buffer.is_empty() {
            return Ok(());
        }
        match shared.settings.selection.detect(buffer) {
            Ok(Some((transport, protocol))) => {
                self.open(&shared.settings, transport, protocol);
                self.intake.shown = true;
            }
            Ok(None) => {}
            Err(error) => {
                if let Some((transport, protocol)) = shared.settings.selection.to_refuse_in() {
                    self.open(&shared.settings, transport, protocol);
                }
                return Err(shared.foreign(error, buffer));
            }
        }
        Ok(())
    }
}

impl Intake {
    fn shown(&self) -> Option<usize> {
        self.shown.then_some(self.protocol)
    }

    #[inline]
    fn find<'a>(&'a mut self, shared: &'a Shared, buffer: &'a [u8]) -> Result<Found<'a>> {
        let first = self.first;
        let found = self.try_find(&shared.settings, buffer);
        found.map_err(|error| {
            if first {
                shared.foreign(error, buffer)
            } else {
                error
            }
        })
    }

    #[inline]
    fn try_find<'a>(&'a mut self, settings: &'a Settings, buffer: &'a [u8]) -> Result<Found<'a>> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(Found::NeedMore(1));
        };
        let (message, consumed, envelope) = match decoder.decode(buffer)? {
            Decoded::Message { message, consumed } => (message, consumed, None),
            Decoded::Enveloped {
                message,
                consumed,
                envelope,
            } => (message, consumed, Some(envelope)),
            Decoded::NeedMore(missing) => {
                if self.first {
                    settings.selection.check_first(buffer)?;
                }
                return Ok(Found::NeedMore(missing));
            }
        };
        if consumed == 0 {
            let text = "the transport found a message that takes no bytes";
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        let processor = &*settings.processor;
        let protocol = match &envelope {
            None => self.protocol,
            Some(envelope) => settings.selection.within(envelope, self.protocol)?,
        };
        let mut request = Request::read(processor, protocol, message, &settings.limits)?;
        request.envelope = envelope;
        if settings.strict_read && request.head.form == MessageForm::Old {
            let text = "the message has the old head, without a version, and strict_read is on";
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        if self.exclusive && request.head.kind == MessageKind::Oneway {
            let wire = processor.protocols()[protocol];
            check_whole(wire, message, &settings.limits)?;
        }
        self.first = false;
        Ok(Found::Message(request, consumed))
    }
}

#[cfg(test)]
mod tests {
    use allocation_counter::measure;

    use super::*;
    use crate::codec::{DecodeStruct, EncodeStruct, Struct, StructReader, StructWriter};
    use crate::config::ServerConfig;
    use crate::processor::{Call, Outcome, Service};
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
                let now = Instant::now();
                let mut step = || {
                    out.clear();
                    let stepped = engine.step(&shared, &bytes, now, &mut out);
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
