//! What stands above: frames that leave, and the codec that cuts and makes them.

use std::mem;
use std::sync::Arc;

use super::fields;
use crate::envelope::{Envelope, Headers};
use crate::error::{Error, Result};
use crate::transport::{Decoded, Decoder, Encoder, Framed, Framing, Setup, Transport};

/// In the length of a frame, which never comes to so much for a message: its text says why what came is no
/// message.
const REFUSAL: u32 = 0b10 << 30;
/// The same: its text is [fields](super::fields) of a head.
const FIELDS: u32 = 0b11 << 30;

/// Frames that leave, of which any part may come at a time.
#[derive(Default)]
pub(in crate::transport) struct Outgoing {
    prefix: Vec<u8>,
    /// Bytes that are missing from the frame.
    left: usize,
    /// The frame that they are missing from is of fields.
    in_fields: bool,
    /// Those of the next message.
    fields: Vec<u8>,
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
        loop {
            if self.left == 0 {
                let (kind, length) = self.begin(frames)?;
                self.left = length;
                self.in_fields = kind == FIELDS;
                match kind {
                    FIELDS => self.fields.clear(),
                    REFUSAL => return Some(Piece::Refusal(length)),
                    _ => return Some(Piece::Length(length)),
                }
            }
            let part = frames.split_off(..self.left.min(frames.len()))?;
            self.left -= part.len();
            if !self.in_fields {
                return (!part.is_empty()).then_some(Piece::Part(part));
            }
            self.fields.extend_from_slice(part);
            if frames.is_empty() {
                return None;
            }
        }
    }

    /// What the next frame is, and how long. `None` while that has not come.
    fn begin(&mut self, frames: &mut &[u8]) -> Option<(u32, usize)> {
        let missing = (4 - self.prefix.len()).min(frames.len());
        self.prefix
            .extend_from_slice(frames.split_off(..missing).unwrap_or_default());
        let prefix = <[u8; 4]>::try_from(&self.prefix[..]).ok()?;
        self.prefix.clear();
        Some(kind_of(u32::from_be_bytes(prefix)))
    }

    /// Whether no frame is half handed over.
    #[cfg(feature = "websocket")]
    pub(in crate::transport) fn is_between(&self) -> bool {
        self.left == 0
    }

    /// Hands over frames: first the length of each, whether it is a refusal, and the lines of a head that
    /// go with it, and then its bytes as they come.
    pub(super) fn take(
        &mut self,
        mut frames: &[u8],
        out: &mut Vec<u8>,
        mut begin: impl FnMut(usize, bool, &[u8], &mut Vec<u8>),
    ) {
        while let Some(piece) = self.next(&mut frames) {
            match piece {
                Piece::Length(length) => begin(length, false, &mem::take(&mut self.fields), out),
                Piece::Refusal(length) => begin(length, true, &[], out),
                Piece::Part(part) => out.extend_from_slice(part),
            }
        }
    }

    /// Whether nothing is missing from the last one.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0 && self.prefix.is_empty()
    }
}

/// What a frame is, by its length.
fn kind_of(length: u32) -> (u32, usize) {
    match length & FIELDS {
        kind @ (REFUSAL | FIELDS) => (kind, (length & !FIELDS) as usize),
        _ => (0, length as usize),
    }
}

/// Appends the fields of a head that has come, behind the message.
pub(super) fn put_fields(lines: &[u8], content: &mut Vec<u8>) {
    // A head is shorter by far.
    let length = u32::try_from(lines.len()).unwrap_or_default();
    content.extend((FIELDS | length).to_be_bytes());
    content.extend_from_slice(lines);
}

/// Appends a frame that says why what came is no message.
pub(in crate::transport) fn refuse_frame(out: &mut Vec<u8>, text: &str) {
    if let Ok(length) = u32::try_from(text.len()) {
        out.extend((length | REFUSAL).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

/// Frames of which an empty one stands for no answer, with frames of fields.
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
        let (message, end) = if buffer.starts_with(&[0; 4]) {
            (&buffer[..0], 4)
        } else {
            match self.0.decode(buffer)? {
                Decoded::Message { message, consumed } => (message, consumed),
                other => return Ok(other),
            }
        };
        // They come at once with the end of the message.
        let rest = &buffer[end..];
        let Some((length, rest)) = rest.split_first_chunk() else {
            return Ok(Decoded::NeedMore(4 - rest.len()));
        };
        let (_, length) = kind_of(u32::from_be_bytes(*length));
        let Some(lines) = rest.get(..length) else {
            return Ok(Decoded::NeedMore(length - rest.len()));
        };
        let envelope = Envelope::new(None, 0, 0)
            .with_headers(fields::headers_of(lines))
            .with_reply_headers(fields::can_leave);
        Ok(Decoded::Enveloped {
            message,
            consumed: end + 4 + length,
            envelope: Arc::new(envelope),
        })
    }
}

impl Acknowledging {
    /// The same with headers, in a frame before that of the message.
    fn end_with(&mut self, out: &mut Vec<u8>, start: usize, headers: &Headers) -> Result<()> {
        let lines = fields::lines_of(headers).inspect_err(|_| out.truncate(start))?;
        self.end(out, start)?;
        if !lines.is_empty() && out.len() > start {
            let mut frame = Vec::with_capacity(4 + lines.len());
            put_fields(&lines, &mut frame);
            out.splice(start..start, frame);
        }
        Ok(())
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

    fn end_answer(&mut self, out: &mut Vec<u8>, start: usize, request: &Envelope) -> Result<()> {
        self.end_with(out, start, &request.reply_headers())
    }

    fn carries_headers(&self) -> bool {
        true
    }

    fn end_call(&mut self, out: &mut Vec<u8>, start: usize, headers: &Headers) -> Result<()> {
        self.end_with(out, start, headers)
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
