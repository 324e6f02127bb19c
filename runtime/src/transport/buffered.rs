//! No frames: messages follow each other, and the protocol's own structure says where each ends.
//!
//! Apache's libraries call this `TBufferedTransport`. The name speaks of their buffers; on the wire
//! it means that there is nothing around a message.

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Scanner;
use crate::transport::{Decoded, Decoder, Encoder, Framing, Setup, Transport};

/// The transport `buffered`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buffered;

impl Transport for Buffered {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let max = setup.limits.message_bytes_max;
        let scanner = setup.protocol.scanner(setup.limits);
        (Box::new(Scan { scanner, max }), Box::new(Plain { max }))
    }

    fn framing(&self) -> Option<Framing> {
        Some(Framing::Unframed)
    }
}

struct Scan {
    scanner: Box<dyn Scanner>,
    max: usize,
}

impl Decoder for Scan {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        if buffer.is_empty() {
            return Ok(Decoded::NeedMore(1));
        }
        let max = self.max;
        match self.scanner.scan(buffer)? {
            Some(len) if len <= max => Ok(Decoded::Message {
                message: &buffer[..len],
                consumed: len,
            }),
            None if buffer.len() <= max => Ok(Decoded::NeedMore(1)),
            // Scanners check this too. That a stranger's scanner might not must not cost memory.
            _ => {
                let text = format!("the message is longer than message_bytes_max = {max}");
                Err(Error::new(ErrorKind::Limit, text))
            }
        }
    }
}

struct Plain {
    max: usize,
}

impl Encoder for Plain {
    #[inline]
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        out.len()
    }

    #[inline]
    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let (len, max) = (out.len() - start, self.max);
        if len <= max {
            return Ok(());
        }
        out.truncate(start);
        let text = format!("the message has {len} bytes, more than message_bytes_max = {max}");
        Err(Error::new(ErrorKind::Limit, text))
    }
}
