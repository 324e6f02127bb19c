//! Messages as a client's stream of datagrams wants them: each behind its length.

use byteorder::{BigEndian, ByteOrder};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Decoded, Decoder, Encoder, Setup, Transport};

/// Bytes of a length.
pub(super) const HEAD: usize = 4;

/// As long as any datagram.
const ROOM: usize = 64 * 1024;

/// What a client over datagrams uses in the place of `buffered`.
pub(crate) struct DatagramFrames {
    /// How long a message may be that is sent.
    pub(crate) max: usize,
}

impl Transport for DatagramFrames {
    fn open(&self, _: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        (Box::new(Frames), Box::new(Lengths { max: self.max }))
    }
}

/// The first frame in a buffer, without its length, if it is whole.
pub(super) fn first(buffer: &[u8]) -> Option<&[u8]> {
    let (head, rest) = buffer.split_first_chunk::<HEAD>()?;
    let len = usize::try_from(BigEndian::read_u32(head)).ok()?;
    rest.get(..len)
}

/// What stands before a message of so many bytes.
fn head(len: usize) -> [u8; HEAD] {
    // Datagrams are far shorter.
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

/// The last datagram that came, behind its length. Its memory is used for the next.
#[derive(Default)]
pub(super) struct Arrived {
    bytes: Vec<u8>,
    read: usize,
    end: usize,
}

impl Arrived {
    pub(super) fn is_read(&self) -> bool {
        self.read == self.end
    }

    /// Where the next one is to be put.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.resize(HEAD + ROOM, 0);
        &mut self.bytes[HEAD..]
    }

    /// One of so many bytes was put there.
    pub(super) fn put(&mut self, len: usize) {
        self.bytes[..HEAD].copy_from_slice(&head(len));
        (self.read, self.end) = (0, HEAD + len);
    }

    /// As much as there is room for.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.bytes[self.read..self.end];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.read += len;
        len
    }
}

struct Frames;

impl Decoder for Frames {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        // The stream has written the lengths.
        Ok(match first(buffer) {
            Some(message) => Decoded::Message {
                message,
                consumed: HEAD + message.len(),
            },
            None => Decoded::NeedMore(1),
        })
    }
}

struct Lengths {
    max: usize,
}

impl Encoder for Lengths {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        start
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        let (len, max) = (out.len() - start - HEAD, self.max);
        if len > max {
            out.truncate(start);
            let text = format!("the message has {len} bytes, more than datagram_bytes_max = {max}");
            return Err(Error::new(ErrorKind::Limit, text));
        }
        out[start..start + HEAD].copy_from_slice(&head(len));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::protocol::{ProtocolSet, Standard};

    fn open(max: usize) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        DatagramFrames { max }.open(&Setup::new(&Limits::default(), Standard::WIRE[0]))
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let (mut decoder, mut encoder) = open(3);
        let mut out = Vec::new();
        for message in ["abc", "d"] {
            let start = encoder.begin(&mut out);
            out.extend_from_slice(message.as_bytes());
            encoder.end(&mut out, start).unwrap();
        }
        let found = decoder.decode(&out).unwrap();
        let message = b"abc";
        let consumed = 7;
        assert_eq!(found, Decoded::Message { message, consumed });
        for len in 0..7 {
            let found = decoder.decode(&out[..len]).unwrap();
            assert_eq!(found, Decoded::NeedMore(1));
        }
    }

    #[test]
    fn what_fits_no_datagram_is_not_there() {
        let (_, mut encoder) = open(3);
        let mut out = b"before".to_vec();
        let start = encoder.begin(&mut out);
        out.extend_from_slice(b"four");
        let error = encoder.end(&mut out, start).unwrap_err();
        let expected = "the message has 4 bytes, more than datagram_bytes_max = 3";
        assert_eq!(error.to_string(), expected);
        assert_eq!(out, b"before");
    }
}
