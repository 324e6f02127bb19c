//! What stands above: frames, and why something is no message.

use crate::error::{Error, Result};
use crate::transport::http::refuse_frame;
use crate::transport::{Decoder, Encoder, Framed, Framing, Setup, Transport};

/// Frames, in one of which a server may say why something is no message.
pub(in crate::transport) struct WebSocketFrames;

impl Transport for WebSocketFrames {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let (decoder, encoder) = Framed.open(setup);
        (decoder, Box::new(Refusing(encoder)))
    }

    fn framing(&self) -> Option<Framing> {
        Some(Framing::Framed)
    }
}

struct Refusing(Box<dyn Encoder>);

impl Encoder for Refusing {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        self.0.begin(out)
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        self.0.end(out, start)
    }

    fn refuse(&mut self, out: &mut Vec<u8>, why: &Error) {
        refuse_frame(out, why.message());
    }
}
