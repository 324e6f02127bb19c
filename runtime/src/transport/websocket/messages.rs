//! Messages in frames, both ways.

use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::answer::{Answers, Close};
use super::frame::{self, CONTROL_BYTES_MAX, End, Frame, Mask, Refusal};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::http::{Outgoing, Piece};
use crate::transport::layer::CONTENT_MAX;

/// What messages may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How long, and what the limit is called.
    pub(crate) bytes_max: (&'static str, usize),
    /// Whether they may be text, which is JSON.
    pub(crate) text: bool,
}

/// The length of a frame above, which stands before it.
const PREFIX: usize = 4;

/// The most that a close has of a reason, behind its code.
const REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX - 2;

/// A message that comes in parts, or is text.
struct Kept {
    kind: Data,
    /// What has come of it, behind room for its length.
    bytes: Vec<u8>,
}

/// A connection that has its handshake behind it.
pub(super) struct Messages {
    end: End,
    bounds: Bounds,
    /// The frame that arrives.
    frame: Option<Frame>,
    /// The message that arrives. One that is binary and comes in one frame goes by.
    kept: Option<Kept>,
    /// What the peer's first message was, text or binary. So are a server's.
    kind: Option<Data>,
    outgoing: Outgoing,
    mask: Mask,
    answers: Answers,
    close: Option<Close>,
    /// Why a message of the peer is none, as far as a close has room for that. Said last: answers to those before
    /// it may still come.
    refusal: Option<Vec<u8>>,
    /// What leaves is such a text.
    refusing: bool,
}

impl Messages {
    pub(super) fn new(end: End, bounds: Bounds) -> Self {
        Self {
            end,
            bounds,
            frame: None,
            kept: None,
            kind: None,
            outgoing: Outgoing::default(),
            mask: Mask::default(),
            answers: Answers::new(end),
            close: None,
            refusal: None,
            refusing: false,
        }
    }

    /// As that of a layer.
    ///
    /// # Errors
    /// The same.
    pub(super) fn decode(
        &mut self,
        raw: &[u8],
        content: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        let mut taken = 0;
        while self.close.is_none() && content.len() < CONTENT_MAX {
            match self.step(&raw[taken..], content, out) {
                Ok(0) => return Ok(taken),
                Ok(bytes) => taken += bytes,
                Err(Refusal { code, error }) => {
                    if self.outgoing.is_between() {
                        self.answers.close(Some(code), out);
                    }
                    return Err(error);
                }
            }
        }
        // Nothing follows a close.
        Ok(if self.close.is_some() {
            raw.len()
        } else {
            taken
        })
    }

    /// Takes a part of a frame, and says how many bytes that is: 0 when more are needed.
    fn step(
        &mut self,
        raw: &[u8],
        content: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<usize, Refusal> {
        let taken = if let Some(frame) = &mut self.frame {
            let kept = self.kept.as_mut().map(|kept| &mut kept.bytes);
            frame.take(raw, kept.unwrap_or(content))
        } else {
            let Some((mut frame, head)) = Frame::begin(raw, self.end)? else {
                return Ok(0);
            };
            match frame.opcode {
                OpCode::Control(control) => {
                    let mut payload = Vec::new();
                    let bytes = frame.take(&raw[head..], &mut payload);
                    if frame.left > 0 {
                        return Ok(0);
                    }
                    self.control(control, payload, out)?;
                    return Ok(head + bytes);
                }
                OpCode::Data(kind) => self.begin(kind, &frame, content)?,
            }
            self.frame = Some(frame);
            head
        };
        if let Some(frame) = self.frame.take_if(|frame| frame.left == 0)
            && frame.is_last
            && let Some(kept) = self.kept.take()
        {
            kept.hand_over(content)?;
        }
        Ok(taken)
    }

    fn control(
        &mut self,
        control: Control,
        payload: Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match control {
            Control::Ping => self.answers.ping(payload, self.outgoing.is_between(), out),
            Control::Close => {
                let close = Close::read(&payload)?;
                // A server still answers the calls that came before.
                if self.end == End::Client && self.outgoing.is_between() {
                    self.answers.close(close.code, out);
                }
                self.close = Some(close);
            }
            // Nobody here has asked.
            Control::Pong | Control::Reserved(_) => {}
        }
        Ok(())
    }

    /// Begins with a frame of a message.
    fn begin(&mut self, kind: Data, frame: &Frame, content: &mut Vec<u8>) -> Result<(), Refusal> {
        let protocol = |text: &str| Err(Refusal::new(CloseCode::Protocol, text));
        match (kind, &self.kept) {
            (Data::Continue, None) => {
                return protocol("a WebSocket frame continues a message that has not begun");
            }
            (Data::Text | Data::Binary, Some(_)) => {
                return protocol("a WebSocket message begins inside of another");
            }
            (Data::Text, None) if !self.bounds.text => {
                let text = "the peer sent text, which is for the protocol `json`";
                return Err(Refusal::new(CloseCode::Unsupported, text));
            }
            _ => {}
        }
        let before = self.kept.as_ref().map_or(0, Kept::len);
        let (limit, max) = self.bounds.bytes_max;
        if frame.left > max.saturating_sub(before) {
            let sum = (before as u128) + (frame.left as u128);
            let text = format!("a WebSocket message has {sum} bytes, more than {limit} = {max}");
            let error = Error::new(ErrorKind::Limit, text);
            let code = CloseCode::Size;
            return Err(Refusal { code, error });
        }
        if kind == Data::Continue {
            return Ok(());
        }
        self.kind.get_or_insert(kind);
        if kind == Data::Text || !frame.is_last {
            let bytes = vec![0; PREFIX];
            self.kept = Some(Kept { kind, bytes });
            return Ok(());
        }
        content.extend(prefix(frame.left)?);
        Ok(())
    }

    /// Puts frames from above into frames.
    pub(super) fn encode(&mut self, mut content: &[u8], out: &mut Vec<u8>) {
        let kind = match (self.end, self.kind) {
            (End::Server, Some(kind)) => kind,
            _ => Data::Binary,
        };
        while let Some(piece) = self.outgoing.next(&mut content) {
            match piece {
                Piece::Refusal(_) => {
                    self.refusing = true;
                    self.refusal.get_or_insert_default();
                }
                Piece::Part(part) if self.refusing => {
                    let kept = self.refusal.get_or_insert_default();
                    let room = REASON_BYTES_MAX - kept.len();
                    kept.extend_from_slice(&part[..part.len().min(room)]);
                }
                Piece::Length(length) => {
                    self.refusing = false;
                    self.mask = frame::begin(self.end, OpCode::Data(kind), length, out);
                }
                Piece::Part(part) => {
                    let start = out.len();
                    out.extend_from_slice(part);
                    self.mask.apply(&mut out[start..]);
                }
            }
        }
        if self.outgoing.is_between() {
            self.answers.pong(out);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.close.is_some()
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// When that is in the middle of a message.
    pub(super) fn end(&self) -> Result<()> {
        if self.frame.is_none() && self.kept.is_none() {
            return Ok(());
        }
        let text = "the peer ended in the middle of a WebSocket message";
        Err(Error::new(ErrorKind::Truncated, text))
    }

    pub(super) fn drained(&mut self, out: &mut Vec<u8>) {
        if self.outgoing.is_between() {
            self.answers.pong(out);
        }
    }

    /// A close, also in answer to that of the peer: by now it has everything else.
    pub(super) fn goodbye(&mut self, out: &mut Vec<u8>) {
        if let Some(why) = self.refusal.take() {
            // It may be cut within a letter.
            let whole = why.utf8_chunks().next();
            self.answers
                .refuse(whole.map_or("", |chunk| chunk.valid()), out);
        } else if self.outgoing.is_between() {
            let code = match &self.close {
                Some(close) => close.code,
                None => Some(CloseCode::Normal),
            };
            self.answers.close(code, out);
        }
    }
}

impl Kept {
    fn len(&self) -> usize {
        self.bytes.len() - PREFIX
    }

    /// The whole message.
    fn hand_over(mut self, content: &mut Vec<u8>) -> Result<(), Refusal> {
        let bytes = &self.bytes[PREFIX..];
        let refuse = |text| Err(Refusal::new(CloseCode::Invalid, text));
        // The answer is text as well, which only JSON is.
        if self.kind == Data::Text && std::str::from_utf8(bytes).is_err() {
            return refuse("a WebSocket message is text, and not UTF-8");
        }
        if self.kind == Data::Text && bytes.first().is_some_and(|byte| *byte != b'[') {
            return refuse("a WebSocket message is text, and not in the protocol `json`");
        }
        let length = prefix(bytes.len())?;
        self.bytes[..PREFIX].copy_from_slice(&length);
        if content.is_empty() {
            *content = self.bytes;
        } else {
            content.append(&mut self.bytes);
        }
        Ok(())
    }
}

/// What stands before a message above.
fn prefix(length: usize) -> Result<[u8; PREFIX], Refusal> {
    if let Ok(length @ 1..) = u32::try_from(length) {
        return Ok(length.to_be_bytes());
    }
    let text = "a WebSocket message has no bytes";
    Err(Refusal::new(CloseCode::Invalid, text))
}
