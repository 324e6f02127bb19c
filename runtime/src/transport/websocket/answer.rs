//! What is said between messages: answers to pings, and the close.

use tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};

use super::frame::{self, End, Refusal};
use crate::error::{Error, ErrorKind};

/// Pongs wait while so many bytes have not left. Then only the last ping is answered, which is all that
/// RFC 6455 asks for: so a peer that only writes costs no memory.
const OUT_MAX: usize = 4096;

/// What a peer says when it ends the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    /// None if it does not say why.
    pub(super) code: Option<CloseCode>,
}

impl Close {
    /// Reads what such a frame carries.
    ///
    /// # Errors
    /// When that makes no sense, or says that something is wrong.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Refusal> {
        let (code, reason) = match payload {
            [] => return Ok(Self { code: None }),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
            [_] => {
                let text = "a WebSocket close has a code of one byte";
                return Err(Refusal::new(CloseCode::Protocol, text));
            }
        };
        if !CloseCode::from(code).is_allowed() {
            let text = format!("a WebSocket close has the code {code}, which no one may send");
            return Err(Refusal::new(CloseCode::Protocol, text));
        }
        let Ok(reason) = std::str::from_utf8(reason) else {
            let text = "the reason of a WebSocket close is not UTF-8";
            return Err(Refusal::new(CloseCode::Invalid, text));
        };
        match CloseCode::from(code) {
            code @ (CloseCode::Normal | CloseCode::Away) => Ok(Self { code: Some(code) }),
            code => {
                let reason = reason.escape_debug();
                let text = format!("the peer closed the WebSocket with code {code}: {reason}");
                let text = text.trim_end_matches([' ', ':']).to_owned();
                let error = Error::new(ErrorKind::Closed, text);
                Err(Refusal { code, error })
            }
        }
    }
}

/// What this end has to say between its messages.
pub(super) struct Answers {
    end: End,
    /// The last ping that is not answered.
    ping: Option<Vec<u8>>,
    /// Nothing is said behind a close.
    closed: bool,
}

impl Answers {
    pub(super) fn new(end: End) -> Self {
        Self {
            end,
            ping: None,
            closed: false,
        }
    }

    pub(super) fn ping(&mut self, payload: Vec<u8>, is_between: bool, out: &mut Vec<u8>) {
        self.ping = Some(payload);
        if is_between && out.len() < OUT_MAX {
            self.pong(out);
        }
    }

    /// Only called between frames.
    pub(super) fn pong(&mut self, out: &mut Vec<u8>) {
        if let Some(payload) = self.ping.take()
            && !self.closed
        {
            frame::write(self.end, OpCode::Control(Control::Pong), &payload, out);
        }
    }

    /// The same.
    pub(super) fn close(&mut self, code: Option<CloseCode>, out: &mut Vec<u8>) {
        let code = code.map(|code| u16::from(code).to_be_bytes());
        self.close_with(code.as_ref().map_or(&[], |code| code), out);
    }

    /// The same, with why this end does not understand the peer.
    pub(super) fn refuse(&mut self, why: &str, out: &mut Vec<u8>) {
        let code = u16::from(CloseCode::Invalid).to_be_bytes();
        self.close_with(&[&code, why.as_bytes()].concat(), out);
    }

    fn close_with(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        if !self.closed {
            frame::write(self.end, OpCode::Control(Control::Close), payload, out);
            self.closed = true;
        }
    }
}
