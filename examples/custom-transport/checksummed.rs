//! A transport of one's own: frames with a checksum.
//!
//! `[u32 length][u32 crc32][message]`, both big-endian. A frame whose checksum is wrong ends the
//! connection, since nobody knows what else was damaged.

use seapink::transport::{Decoded, Decoder, Encoder, Setup, Transport};
use seapink::{Error, ErrorKind, Result};

const HEAD: usize = 8;

/// The transport, as `Transports::with` wants it.
#[derive(Clone, Copy, Debug)]
pub struct Checksummed;

impl Transport for Checksummed {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let frames = Frames {
            bytes_max: setup.limits.frame_bytes_max,
        };
        (Box::new(frames), Box::new(frames))
    }
}

/// Both halves: neither remembers anything between messages.
#[derive(Clone, Copy)]
struct Frames {
    bytes_max: usize,
}

impl Decoder for Frames {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        let head = buffer.split_first_chunk::<4>();
        let head = head.and_then(|(len, rest)| Some((len, rest.split_first_chunk::<4>()?)));
        let Some((len, (checksum, rest))) = head else {
            return Ok(Decoded::NeedMore(HEAD - buffer.len()));
        };
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        // Before anything is read or kept for it.
        if len > self.bytes_max {
            let text = format!("a frame of {len} bytes, more than {}", self.bytes_max);
            return Err(Error::new(ErrorKind::Limit, text));
        }
        let Some(message) = rest.get(..len) else {
            return Ok(Decoded::NeedMore(len - rest.len()));
        };
        if crc32fast::hash(message) != u32::from_be_bytes(*checksum) {
            return Err(Error::new(ErrorKind::Malformed, "the checksum is wrong"));
        }
        Ok(Decoded::Message {
            message,
            consumed: HEAD + len,
        })
    }
}

impl Encoder for Frames {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        start
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let (head, message) = out[start..].split_at_mut(HEAD);
        let len = u32::try_from(message.len()).ok();
        let Some(len) = len.filter(|_| message.len() <= self.bytes_max) else {
            out.truncate(start);
            return Err(Error::new(
                ErrorKind::Limit,
                "a message too large for a frame",
            ));
        };
        head[..4].copy_from_slice(&len.to_be_bytes());
        head[4..].copy_from_slice(&crc32fast::hash(message).to_be_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_found() {
        let mut frames = Frames { bytes_max: 100 };
        let mut out = Vec::new();
        let start = frames.begin(&mut out);
        out.extend_from_slice(b"message");
        frames.end(&mut out, start).unwrap();
        let whole = Decoded::Message {
            message: b"message",
            consumed: 15,
        };
        assert_eq!(frames.decode(&out).unwrap(), whole);
        out[10] ^= 1;
        assert_eq!(
            frames.decode(&out).unwrap_err().kind(),
            ErrorKind::Malformed
        );
        assert_eq!(
            frames.decode(&[255; 8]).unwrap_err().kind(),
            ErrorKind::Limit
        );
    }
}
