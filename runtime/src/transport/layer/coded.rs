//! Layers that keep what they make in buffers.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::peer::User;
use crate::transport::detect::Foreign;
use crate::transport::layer::Layer;

/// Content that waits to be read: no more raw bytes are decoded while there is so much.
pub(in crate::transport) const CONTENT_MAX: usize = 64 * 1024;

/// Raw bytes that wait to be written: no more content is taken while there are so many.
const OUT_MAX: usize = 64 * 1024;

/// How content is put into raw bytes, and got out of them. Does no I/O.
pub(in crate::transport) trait Coding: Send {
    /// Takes raw bytes, appends the content that is in them, and what has to be said to the peer.
    /// Returns how many bytes it took: all, or as many as gave about [`CONTENT_MAX`] of content.
    ///
    /// # Errors
    /// When they make no sense. What was appended before stands.
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize>;

    /// Puts content into raw bytes, all of it.
    ///
    /// # Errors
    /// When it cannot be.
    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()>;

    /// Whether content can be sent after something has come that makes no sense, as the answers to what came
    /// before it.
    fn encodes_after_errors(&self) -> bool {
        false
    }

    /// Whether both ends still agree on how to speak. A client begins by what `new` has left in `out`.
    fn is_handshaking(&self) -> bool {
        false
    }

    /// Whether the peer has said that it will send no more.
    fn is_closed(&self) -> bool {
        false
    }

    /// Whether raw bytes and content are the same from now on.
    fn is_done(&self) -> bool {
        false
    }

    /// As [`Layer::user`].
    fn user(&self) -> Option<Arc<User>> {
        None
    }

    /// The stream below has ended, which may complete some content.
    ///
    /// # Errors
    /// When it should not have.
    fn end(&mut self, content: &mut Vec<u8>) -> Result<()> {
        let _ = content;
        Ok(())
    }

    /// Everything has left that was to be said; more may have waited for that.
    fn drained(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// What is said last.
    fn goodbye(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// A layer of such a kind. What is empty has no memory.
pub(in crate::transport) struct Coded<C> {
    coding: C,
    /// What could not be decoded yet.
    raw: Vec<u8>,
    content: Queue,
    out: Queue,
    error: Option<Error>,
    ended: bool,
}

impl<C: Coding> Coded<C> {
    /// With what is said first.
    pub(in crate::transport) fn new(coding: C, greeting: Vec<u8>) -> Self {
        Self {
            coding,
            raw: Vec::new(),
            content: Queue::default(),
            out: Queue {
                bytes: greeting,
                taken: 0,
            },
            error: None,
            ended: false,
        }
    }

    /// Decodes what has arrived, as long as there is not enough content.
    fn advance(&mut self) {
        if self.raw.is_empty() || self.error.is_some() || self.content.len() >= CONTENT_MAX {
            return;
        }
        let Self {
            coding,
            raw,
            content,
            out,
            ..
        } = self;
        match coding.decode(raw, &mut content.bytes, &mut out.bytes) {
            Ok(taken) if taken == raw.len() => *raw = Vec::new(),
            Ok(taken) => drop(raw.drain(..taken)),
            Err(error) => self.error = Some(error),
        }
    }
}

impl<C: Coding> Layer for Coded<C> {
    fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        self.advance();
        if self.content.len() > 0 {
            return Some(Ok(self.content.take(buffer)));
        }
        if self.error.is_none() && self.coding.is_closed() {
            return Some(Ok(0));
        }
        match self.check() {
            Err(error) => Some(Err(error)),
            // All of it was content.
            Ok(()) if self.ended => Some(Ok(0)),
            Ok(()) => None,
        }
    }

    fn take(&mut self, buffer: &mut [u8], arrived: usize) -> usize {
        self.raw.extend_from_slice(&buffer[..arrived]);
        self.advance();
        self.content.take(buffer)
    }

    fn keep(&mut self, content: &[u8]) {
        self.content.put_back(content);
    }

    fn end(&mut self) {
        self.ended = true;
        if self.error.is_none()
            && let Err(error) = self.coding.end(&mut self.content.bytes)
        {
            self.error = Some(error);
        }
    }

    fn check(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            let mut told = Error::new(error.kind(), error.message().to_owned());
            if Foreign::is_source_of(error) {
                told = told.with_source(Foreign);
            }
            let kind = match error.kind() {
                ErrorKind::Truncated | ErrorKind::Closed => io::ErrorKind::UnexpectedEof,
                _ => io::ErrorKind::InvalidData,
            };
            return Err(io::Error::new(kind, told));
        }
        if self.ended && self.is_handshaking() {
            let text = "the peer closed it during the handshake";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }

    fn put(&mut self, content: &[u8]) -> io::Result<usize> {
        if !self.coding.encodes_after_errors() {
            self.check()?;
        }
        if self.out.len() >= OUT_MAX {
            return Ok(0);
        }
        match self.coding.encode(content, &mut self.out.bytes) {
            Ok(()) => Ok(content.len()),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }

    fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match out.write(self.out.bytes())? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            written => {
                self.out.consume(written);
                if self.out.len() == 0 {
                    self.coding.drained(&mut self.out.bytes);
                }
                Ok(())
            }
        }
    }

    fn wants_write(&self) -> bool {
        self.out.len() > 0
    }

    fn is_handshaking(&self) -> bool {
        self.coding.is_handshaking()
    }

    fn is_done(&self) -> bool {
        let empty = self.raw.is_empty() && self.content.len() == 0 && self.out.len() == 0;
        self.coding.is_done() && empty && self.error.is_none() && !self.ended
    }

    fn user(&self) -> Option<Arc<User>> {
        self.coding.user()
    }

    fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    fn has_content(&mut self) -> bool {
        self.advance();
        self.content.len() > 0
    }

    fn is_over(&mut self) -> bool {
        self.ended || self.coding.is_closed()
    }

    fn say_goodbye(&mut self) {
        if !self.is_handshaking() && self.error.is_none() {
            self.coding.goodbye(&mut self.out.bytes);
        }
    }
}

/// Bytes that come in at one end and leave at the other.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    taken: usize,
}

impl Queue {
    fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let bytes = self.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&self.bytes()[..bytes]);
        self.consume(bytes);
        bytes
    }

    fn consume(&mut self, bytes: usize) {
        self.taken += bytes;
        if self.len() == 0 {
            *self = Self::default();
        } else if self.taken > self.len() {
            // One that is never quite empty would otherwise keep everything.
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// In front of everything else.
    fn put_back(&mut self, bytes: &[u8]) {
        if bytes.len() <= self.taken {
            self.taken -= bytes.len();
            self.bytes[self.taken..][..bytes.len()].copy_from_slice(bytes);
        } else {
            let rest = mem::take(self);
            self.bytes = [bytes, rest.bytes()].concat();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_never_empty_does_not_grow() {
        let mut queue = Queue::default();
        queue.bytes.push(0);
        for turn in 0..100_000_u32 {
            queue.bytes.extend(turn.to_be_bytes());
            let mut taken = [0; 4];
            queue.take(&mut taken);
            queue.put_back(&taken[2..]);
            queue.consume(2);
        }
        assert_eq!(
            (queue.len(), queue.bytes()),
            (1, &[99_999_u32.to_be_bytes()[3]][..])
        );
        assert!(queue.bytes.capacity() < 100, "{}", queue.bytes.capacity());
    }
}
