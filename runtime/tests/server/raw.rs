//! Messages as bytes, for connections that no client would make.

use std::io::ErrorKind;
use std::sync::Arc;

use parking_lot::Mutex;
use seapink::WireProtocol;
use seapink::transport::{Decoded, Decoder, Encoder, Setup, Stream, Transports};
use seapink::{Channel, Client, Error, Limits, MessageKind, ProtocolSet, Result, Standard};

use crate::support::{AGES, ProbeClient};

/// What a client sends, without sending it.
#[derive(Clone, Default)]
struct Recorder {
    sequence_id: i32,
    message: Arc<Mutex<Vec<u8>>>,
}

impl Channel for Recorder {
    fn exchange(
        &self,
        _: &seapink::client::CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        _: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        encode(self.sequence_id, &mut self.message.lock())?;
        Err(Error::new(seapink::ErrorKind::Closed, "recorded"))
    }
}

/// A way of writing messages.
#[derive(Clone, Copy)]
pub(crate) struct Raw {
    pub(crate) transport: &'static str,
    pub(crate) protocol: Standard,
}

/// Name, kind and sequence id.
pub(crate) type Head = (String, MessageKind, i32);

impl Raw {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let transports = ["framed", "buffered"].into_iter();
        transports.flat_map(|transport| {
            Standard::ALL.iter().map(move |protocol| Self {
                transport,
                protocol: *protocol,
            })
        })
    }

    pub(crate) fn named(transport: &'static str, protocol: &str) -> Self {
        let protocol = Standard::named(protocol).unwrap();
        Self {
            transport,
            protocol,
        }
    }

    pub(crate) fn wire(self) -> &'static dyn WireProtocol {
        let index = Standard::ALL
            .iter()
            .position(|protocol| *protocol == self.protocol);
        Standard::WIRE[index.unwrap()]
    }

    fn open(self) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let limits = Limits::default();
        let transport = Transports::standard().get(self.transport).unwrap();
        transport.open(&Setup::new(&limits, self.wire()))
    }

    /// The bytes of a call.
    pub(crate) fn call<T>(self, sequence_id: i32, call: impl FnOnce(&ProbeClient) -> T) -> Vec<u8> {
        let recorder = Recorder {
            sequence_id,
            ..Recorder::default()
        };
        let client = ProbeClient(Client::new(recorder.clone(), self.protocol));
        drop(call(&client));
        self.wrap(&recorder.message.lock())
    }

    /// The bytes of a message.
    pub(crate) fn wrap(self, message: &[u8]) -> Vec<u8> {
        let (_, mut encoder) = self.open();
        let mut out = Vec::new();
        let start = encoder.begin(&mut out);
        out.extend_from_slice(message);
        encoder.end(&mut out, start).unwrap();
        out
    }

    pub(crate) fn echo(self, sequence_id: i32, text: &str) -> Vec<u8> {
        self.call(sequence_id, |client| client.echo(text))
    }

    /// Reads so many messages.
    pub(crate) fn read(self, stream: &mut dyn Stream, messages: usize) -> Vec<Head> {
        stream.set_read_timeout(Some(AGES)).unwrap();
        let (mut bytes, mut heads) = (Vec::new(), Vec::new());
        while heads.len() < messages {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "closed after {} replies", heads.len());
            bytes.extend_from_slice(&buffer[..read]);
            let (more, used) = self.heads(&bytes);
            heads.extend(more);
            bytes.drain(..used);
        }
        assert_eq!(bytes, [], "more than {messages} messages");
        heads
    }

    /// The whole messages at the front, and how many bytes they take.
    pub(crate) fn heads(self, bytes: &[u8]) -> (Vec<Head>, usize) {
        let (mut decoder, _) = self.open();
        let (mut heads, mut used) = (Vec::new(), 0);
        while let Decoded::Message { message, consumed } = decoder.decode(&bytes[used..]).unwrap() {
            let limits = Limits::default();
            let (head, _) = self.wire().read_head(message, &limits).unwrap();
            heads.push((head.name.into_owned(), head.kind, head.sequence_id));
            used += consumed;
        }
        (heads, used)
    }
}

/// Reads until the server has closed the stream, and returns what came.
pub(crate) fn rest(stream: &mut dyn Stream) -> Vec<u8> {
    stream.set_read_timeout(Some(AGES)).unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // Closing a TCP connection on which more has arrived resets it.
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("not closed: {error}"),
        _ => bytes,
    }
}

pub(crate) fn replies(calls: &[(&str, i32)]) -> Vec<Head> {
    let head = |(name, id): &(&str, i32)| ((*name).to_owned(), MessageKind::Reply, *id);
    calls.iter().map(head).collect()
}
