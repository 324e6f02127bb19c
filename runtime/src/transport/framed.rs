//! Frames: a 4-byte big-endian length, then one message.
//!
//! The length does not count itself. Apache's libraries call this `TFramedTransport`.

use byteorder::{BigEndian, ByteOrder};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Decoded, Decoder, Encoder, Framing, Setup, Transport};

/// The transport `framed`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framed;

impl Framed {
    /// The largest frame that its length can say, in bytes.
    pub const BYTES_MAX: usize = i32::MAX as usize;
}

impl Transport for Framed {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let frame = ("frame_bytes_max", setup.limits.frame_bytes_max);
        let message = ("message_bytes_max", setup.limits.message_bytes_max);
        let (limit, max) = if message.1 < frame.1 { message } else { frame };
        let max = max.min(Self::BYTES_MAX);
        let frames = Frames { limit, max };
        (Box::new(frames), Box::new(frames))
    }

    fn framing(&self) -> Option<Framing> {
        Some(Framing::Framed)
    }
}

const PREFIX: usize = 4;

#[derive(Clone, Copy)]
struct Frames {
    limit: &'static str,
    max: usize,
}

impl Decoder for Frames {
    #[inline]
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        let Some((prefix, rest)) = buffer.split_first_chunk::<PREFIX>() else {
            return Ok(Decoded::NeedMore(PREFIX - buffer.len()));
        };
        let declared = i32::from_be_bytes(*prefix);
        let len = match usize::try_from(declared) {
            // Empty frames are refused, as by Apache's Java servers: they carry nothing, and a
            // reader that skipped them could be kept busy with four bytes at a time.
            Ok(len) if len > 0 && len <= self.max => len,
            _ => return Err(self.bad_length(declared)),
        };
        Ok(match rest.get(..len) {
            Some(message) => Decoded::Message {
                message,
                consumed: PREFIX + len,
            },
            None => Decoded::NeedMore(len - rest.len()),
        })
    }
}

impl Frames {
    #[cold]
    fn bad_length(self, declared: i32) -> Error {
        let Self { limit, max } = self;
        match declared {
            0 => Error::new(ErrorKind::Malformed, "the frame is empty"),
            ..0 => {
                let text = format!("the frame declares a negative length, {declared}");
                Error::new(ErrorKind::Malformed, text)
            }
            _ => {
                let text =
                    format!("the frame declares {declared} bytes, more than {limit} = {max}");
                Error::new(ErrorKind::Limit, text)
            }
        }
    }
}

impl Encoder for Frames {
    #[inline]
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(&[0; PREFIX]);
        start
    }

    #[inline]
    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let len = out.len() - start - PREFIX;
        match i32::try_from(len) {
            Ok(declared) if len <= self.max => {
                BigEndian::write_i32(&mut out[start..], declared);
                Ok(())
            }
            _ => {
                out.truncate(start);
                let Self { limit, max } = self;
                let text = format!("the message has {len} bytes, more than {limit} = {max}");
                Err(Error::new(ErrorKind::Limit, text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::protocol::{Binary, wire};

    fn frames(max: usize) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let limits = Limits::default().frame_bytes_max(max);
        Framed.open(&Setup::new(&limits, wire::<Binary>()))
    }

    #[test]
    fn length_limit_is_accepted_and_one_more_refused() {
        let (mut decoder, mut encoder) = frames(3);
        for (len, accepted) in [(3, true), (4, false)] {
            let mut out = b"before".to_vec();
            let start = encoder.begin(&mut out);
            out.resize(out.len() + len, 7);
            assert_eq!(encoder.end(&mut out, start).is_ok(), accepted);
            assert_eq!(out.len(), if accepted { 6 + 4 + len } else { 6 });

            let mut frame = vec![0, 0, 0, u8::try_from(len).unwrap()];
            frame.resize(4 + len, 7);
            assert_eq!(decoder.decode(&frame).is_ok(), accepted);
        }
    }

    #[test]
    fn length_is_judged_before_the_message_arrives() {
        let (mut decoder, _) = frames(1000);
        for prefix in [0, -1, i32::MIN, 1001, i32::MAX] {
            assert!(decoder.decode(&prefix.to_be_bytes()).is_err(), "{prefix}");
        }
        let text = decoder.decode(&[0, 0, 4, 0]).unwrap_err().to_string();
        let expected = "the frame declares 1024 bytes, more than frame_bytes_max = 1000";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_prefix_of_two_frames_says_what_is_missing() {
        let (mut decoder, _) = frames(1000);
        let bytes = [0, 0, 0, 2, 8, 9, 0, 0, 0, 1];
        for (len, missing) in [(0, 4), (1, 3), (3, 1), (4, 2), (5, 1)] {
            assert_eq!(
                decoder.decode(&bytes[..len]).unwrap(),
                Decoded::NeedMore(missing)
            );
        }
        let found = Decoded::Message {
            message: &[8, 9],
            consumed: 6,
        };
        assert_eq!(decoder.decode(&bytes).unwrap(), found);
        assert_eq!(decoder.decode(&bytes[6..]).unwrap(), Decoded::NeedMore(1));
    }
}
