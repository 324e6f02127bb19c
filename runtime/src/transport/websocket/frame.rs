//! Frames: their heads, their masks, and what is wrong with them.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, OpCode};

use crate::error::{Error, ErrorKind};

/// The most that a ping, a pong or a close may carry.
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// Which end of a connection this is. A client masks what it sends: no bytes that others have chosen may
/// stand on the wire as they are, for something on the way to take for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Client,
    Server,
}

/// What a peer is told when its bytes end the connection, and what this end says of it.
pub(super) struct Refusal {
    pub(super) code: CloseCode,
    pub(super) error: Error,
}

impl Refusal {
    /// Bytes that make no sense.
    #[cold]
    pub(super) fn new(code: CloseCode, text: impl Into<String>) -> Self {
        let error = Error::new(ErrorKind::Malformed, text.into());
        Self { code, error }
    }
}

/// A frame that arrives.
pub(super) struct Frame {
    pub(super) opcode: OpCode,
    /// Nothing follows it in its message.
    pub(super) is_last: bool,
    /// Bytes that are still to come.
    pub(super) left: usize,
    mask: Mask,
}

impl Frame {
    /// Reads the head of one that `end` receives, and says how many bytes it has. `None` while it is not
    /// whole.
    ///
    /// # Errors
    /// When it is one that nobody may send.
    pub(super) fn begin(raw: &[u8], end: End) -> Result<Option<(Self, usize)>, Refusal> {
        let mut cursor = Cursor::new(raw);
        let protocol = |text: &str| {
            let text = format!("a WebSocket frame makes no sense: {text}");
            Refusal::new(CloseCode::Protocol, text)
        };
        let found = FrameHeader::parse(&mut cursor)
            .map_err(|_| protocol(&format!("no frames have opcode {}", raw[0] & 0x0f)))?;
        let Some((head, length)) = found else {
            return Ok(None);
        };
        if head.rsv1 || head.rsv2 || head.rsv3 {
            return Err(protocol("it has a reserved bit"));
        }
        match (end, head.mask) {
            (End::Server, None) => return Err(protocol("it comes from a client, and has no mask")),
            (End::Client, Some(_)) => {
                return Err(protocol("it comes from a server, and has a mask"));
            }
            _ => {}
        }
        if let OpCode::Control(control) = head.opcode {
            if !head.is_final {
                return Err(protocol(&format!("a {control} comes in parts")));
            }
            if length > CONTROL_BYTES_MAX as u64 {
                let text = format!("a {control} has {length} bytes, more than {CONTROL_BYTES_MAX}");
                return Err(protocol(&text));
            }
        }
        let frame = Self {
            opcode: head.opcode,
            is_last: head.is_final,
            left: usize::try_from(length).unwrap_or(usize::MAX),
            mask: Mask(head.mask),
        };
        let bytes = usize::try_from(cursor.position()).unwrap_or(raw.len());
        Ok(Some((frame, bytes)))
    }

    /// Takes as much of it as is there, and says how many bytes that is.
    pub(super) fn take(&mut self, raw: &[u8], into: &mut Vec<u8>) -> usize {
        let part = &raw[..self.left.min(raw.len())];
        let start = into.len();
        into.extend_from_slice(part);
        self.mask.apply(&mut into[start..]);
        self.left -= part.len();
        part.len()
    }
}

/// What is put over the bytes of a frame, from the next one on.
#[derive(Default)]
pub(super) struct Mask(Option<[u8; 4]>);

impl Mask {
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        if let Some(mask) = &mut self.0 {
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte ^= mask[index & 3];
            }
            mask.rotate_left(bytes.len() & 3);
        }
    }
}

/// Appends the head of a frame with so many bytes, and returns what has to be put over these.
pub(super) fn begin(end: End, opcode: OpCode, length: usize, out: &mut Vec<u8>) -> Mask {
    let head = FrameHeader {
        opcode,
        mask: (end == End::Client).then(rand::random),
        ..FrameHeader::default()
    };
    // Writing to a vector cannot fail.
    let _ = head.format(length as u64, out);
    Mask(head.mask)
}

/// Appends a whole frame.
pub(super) fn write(end: End, opcode: OpCode, bytes: &[u8], out: &mut Vec<u8>) {
    let mut mask = begin(end, opcode, bytes.len(), out);
    let start = out.len();
    out.extend_from_slice(bytes);
    mask.apply(&mut out[start..]);
}
