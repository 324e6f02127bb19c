//! Messages as those of `WebSocket` (RFC 6455), as a [layer](crate::transport::layer) below frames:
//!
//! ```text
//! length, message ── WebSocket ── head of a frame, message
//! ```
//!
//! A connection begins as one of HTTP, by a request that asks to go on otherwise. From then on each
//! call and each reply is a message in one frame, and a connection may have many calls in flight. Those
//! of the peer may come in several frames, with pings between them. Apache's libraries for Node, browsers
//! and C++ (`TWebSocketServer`) speak that.
//!
//! Why is that not `tungstenite::WebSocket`? It makes room for a whole frame as soon as the frame's head
//! has come, so eighteen bytes cost 16 MB; and it hands out a message when the last byte is there. Of
//! that crate are the heads of frames, the codes, and the keys of the handshake. What is here keeps
//! no more than what has arrived, and of a message whose length is known nothing at all.

mod answer;
mod client;
mod content;
mod frame;
mod messages;
mod server;
#[cfg(test)]
mod tests;
mod upgrade;

pub(crate) use client::WebSocketClientSide;
pub(super) use content::WebSocketFrames;
pub(crate) use server::{WebSocketRules, WebSocketServerSide};

use crate::error::Result;
use crate::transport::http::Progress;
use crate::transport::layer::Coding;
use messages::Messages;

/// What begins a connection.
trait Handshake: Send {
    /// Looks for the whole head of the peer's message, and says how many bytes it has and, of a server's
    /// end, answers it. `None` while it is not whole.
    ///
    /// # Errors
    /// When it asks for something else, or says no.
    fn read(&mut self, raw: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>>;
}

/// A connection, from its handshake on.
struct WebSocket<H> {
    /// Until it is over, with how far its head was looked for.
    handshake: Option<(H, Progress)>,
    messages: Messages,
}

impl<H> WebSocket<H> {
    fn new(handshake: H, messages: Messages) -> Self {
        Self {
            handshake: Some((handshake, Progress::default())),
            messages,
        }
    }
}

impl<H: Handshake> Coding for WebSocket<H> {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        if let Some((handshake, progress)) = &mut self.handshake {
            if !progress.of_head(raw) {
                return Ok(0);
            }
            let Some(bytes) = handshake.read(raw, out)? else {
                return Ok(0);
            };
            self.handshake = None;
            taken = bytes;
        }
        let bytes = self.messages.decode(&raw[taken..], content, out)?;
        Ok(taken + bytes)
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.messages.encode(content, out);
        Ok(())
    }

    fn is_handshaking(&self) -> bool {
        self.handshake.is_some()
    }

    fn is_closed(&self) -> bool {
        self.messages.is_closed()
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<()> {
        self.messages.end()
    }

    fn drained(&mut self, out: &mut Vec<u8>) {
        self.messages.drained(out);
    }

    fn goodbye(&mut self, out: &mut Vec<u8>) {
        self.messages.goodbye(out);
    }
}
