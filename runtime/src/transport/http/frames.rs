//! What stands above: frames that leave, and the codec that cuts and makes them.

use std::mem;

use crate::error::{Error, Result};
use crate::transport::{Decoded, Decoder, Encoder, Framed, Framing, Setup, Transport};

/// In the length of a frame, which never comes to so much: its text says why what came is no message.
const REFUSAL: u32 = 1 << 31;

/// Frames that leave, of which any part may come at a time.
#[derive(Default)]
pub(in crate::transport) struct Outgoing {
    prefix: Vec<u8>,
    /// Bytes that are missing from the frame.
    left: usize,
}

/// What comes next of such frames.
pub(in crate::transport) enum Piece<'a> {
    /// A frame begins, of so many bytes.
    Length(usize),
    /// The same of one that says why what came is no message.
    Refusal(usize),
    /// Some of these.
    Part(&'a [u8]),
}

impl Outgoing {
    /// Takes the next piece off the front of frames; `None` when nothing is left of them.
    pub(in crate::transport) fn next<'a>(&mut self, frames: &mut &'a [u8]) -> Option<Piece<'a>> {
        if self.left == 0 {
            let missing = (4 - self.prefix.len()).min(frames.len());
            self.prefix
                .extend_from_slice(frames.split_off(..missing).unwrap_or_default());
            let prefix = <[u8; 4]>::try_from(&self.prefix[..]).ok()?;
            self.prefix.clear();
            let length = u32::from_be_bytes(prefix);
            self.left = (length & !REFUSAL) as usize;
            return Some(if length & REFUSAL == 0 {
                Piece::Length(self.left)
            } else {
                Piece::Refusal(self.left)
            });
        }
        let part = frames.split_off(..self.left.min(frames.len()))?;
        self.left -= part.len();
        (!part.is_empty()).then_some(Piece::Part(part))
    }

    /// Whether no frame is half handed over.
    #[cfg(feature = "websocket")]
    pub(in crate::transport) fn is_between(&self) -> bool {
        self.left == 0
    }

    /// Hands over frames: first the length of each, and whether it is a refusal, and then its bytes as they
    /// come.
    pub(super) fn take(
        &mut self,
        mut frames: &[u8],
        out: &mut Vec<u8>,
        mut begin: impl FnMut(usize, bool, &mut Vec<u8>),
    ) {
        while let Some(piece) = self.next(&mut frames) {
            match piece {
                Piece::Length(length) => begin(length, false, out),
                Piece::Refusal(length) => begin(length, true, out),
                Piece::Part(part) => out.extend_from_slice(part),
            }
        }
    }

    /// Whether nothing is missing from the last one.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0 && self.prefix.is_empty()
    }
}

/// Appends such a frame.
pub(in crate::transport) fn refuse_frame(out: &mut Vec<u8>, text: &str) {
    if let Ok(length) = u32::try_from(text.len()) {
        out.extend((length | REFUSAL).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

/// Frames of which an empty one stands for no answer.
pub(in crate::transport) struct HttpFrames;

impl Transport for HttpFrames {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let (decoder, encoder) = Framed.open(setup);
        (
            Box::new(Acknowledged(decoder)),
            Box::new(Acknowledging {
                frames: encoder,
                acknowledged: false,
            }),
        )
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn framing(&self) -> Option<Framing> {
        Some(Framing::Framed)
    }
}

struct Acknowledged(Box<dyn Decoder>);

impl Decoder for Acknowledged {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        if buffer.starts_with(&[0; 4]) {
            return Ok(Decoded::Message {
                message: &[],
                consumed: 4,
            });
        }
        self.0.decode(buffer)
    }
}

struct Acknowledging {
    frames: Box<dyn Encoder>,
    /// The call that runs has had what it gets.
    acknowledged: bool,
}

impl Encoder for Acknowledging {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        self.frames.begin(out)
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        if mem::take(&mut self.acknowledged) {
            // A processor of a user's own has answered a oneway call.
            out.truncate(start);
            return Ok(());
        }
        self.frames.end(out, start)
    }

    fn no_answer(&mut self, out: &mut Vec<u8>) {
        if !mem::take(&mut self.acknowledged) {
            out.extend([0; 4]);
        }
    }

    fn refuse(&mut self, out: &mut Vec<u8>, why: &Error) {
        refuse_frame(out, &format!("the body is {why}\n"));
    }

    fn acknowledge(&mut self, out: &mut Vec<u8>) -> bool {
        if mem::replace(&mut self.acknowledged, true) {
            return false;
        }
        out.extend([0; 4]);
        true
    }
}
