//! Messages that leave.

use super::varint;
use super::{HEADERS_BYTES_MAX, HEADERS_MAX, KEY_VALUE, MAGIC, PROTOCOLS, ZLIB, form};
use crate::envelope::{Envelope, Headers};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Encoder, Framed, Setup, Transport};

pub(super) struct HeaderEncoder {
    protocol: &'static str,
    compressed: bool,
    /// What frames may hold.
    framed: Box<dyn Encoder>,
    message_bytes_max: usize,
    sequence_id: u32,
}

impl HeaderEncoder {
    pub(super) fn new(setup: &Setup<'_>, compressed: bool) -> Self {
        let (_, framed) = Framed.open(setup);
        let protocol = setup.protocol.name();
        Self {
            protocol,
            compressed,
            framed,
            message_bytes_max: setup.limits.message_bytes_max,
            sequence_id: 0,
        }
    }

    /// Puts a head before the message that stands in the buffer since `start`, and a length.
    fn seal(
        &mut self,
        out: &mut Vec<u8>,
        start: usize,
        (protocol, zlib): (&str, bool),
        (sequence_id, headers): (u32, &Headers),
    ) -> Result<()> {
        let message = out.split_off(start);
        if message.len() > self.message_bytes_max {
            let (bytes, max) = (message.len(), self.message_bytes_max);
            let text =
                format!("the message has {bytes} bytes, more than message_bytes_max = {max}");
            return Err(Error::new(ErrorKind::Limit, text));
        }
        let begun = self.framed.begin(out);
        let written = head(out, protocol, zlib, sequence_id, headers)
            .and_then(|()| append(out, &message, zlib));
        match written {
            Ok(()) => self.framed.end(out, begun),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }
}

impl Encoder for HeaderEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        out.len()
    }

    /// A call without headers.
    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        self.end_call(out, start, &Headers::new())
    }

    fn carries_headers(&self) -> bool {
        true
    }

    fn end_call(&mut self, out: &mut Vec<u8>, start: usize, headers: &Headers) -> Result<()> {
        self.sequence_id = self.sequence_id.wrapping_add(1);
        let (what, id) = ((self.protocol, self.compressed), self.sequence_id);
        self.seal(out, start, what, (id, headers))
    }

    fn end_answer(&mut self, out: &mut Vec<u8>, start: usize, request: &Envelope) -> Result<()> {
        let protocol = request.protocol.unwrap_or(self.protocol);
        let zlib = request.form == form::HEADER_ZLIB;
        match request.form {
            form::UNFRAMED => Ok(()),
            form::FRAMED => {
                let message = out.split_off(start);
                let begun = self.framed.begin(out);
                out.extend_from_slice(&message);
                self.framed.end(out, begun)
            }
            _ => {
                let headers = request.reply_headers();
                let id = request.sequence_id;
                self.seal(out, start, (protocol, zlib), (id, &headers))
            }
        }
    }
}

/// Appends a head.
fn head(
    out: &mut Vec<u8>,
    protocol: &str,
    zlib: bool,
    sequence_id: u32,
    headers: &Headers,
) -> Result<()> {
    out.extend(MAGIC);
    out.extend([0, 0]);
    out.extend(sequence_id.to_be_bytes());
    let words = out.len();
    out.extend([0, 0]);
    let first = out.len();
    let named = PROTOCOLS.iter().find(|(_, own)| *own == protocol);
    let Some((number, _)) = named else {
        let text = format!(
            "the transport `header` takes the protocols binary and compact, not {protocol}"
        );
        return Err(Error::new(ErrorKind::Config, text));
    };
    varint::put(*number as usize, out);
    varint::put(usize::from(zlib), out);
    if zlib {
        varint::put(ZLIB as usize, out);
    }
    if !headers.is_empty() {
        varint::put(KEY_VALUE as usize, out);
        varint::put(headers.len(), out);
        for (name, value) in headers.iter() {
            for text in [name, value] {
                varint::put(text.len(), out);
                out.extend_from_slice(text);
            }
        }
    }
    let bytes = (out.len() - first).next_multiple_of(4);
    out.resize(first + bytes, 0);
    // C++ refuses a head of 64 KiB.
    if bytes >= HEADERS_BYTES_MAX || headers.len() > HEADERS_MAX {
        let count = headers.len();
        let text = format!(
            "{count} headers of {bytes} bytes are more than {HEADERS_MAX}, or not less than {HEADERS_BYTES_MAX} bytes"
        );
        return Err(Error::new(ErrorKind::Limit, text));
    }
    let count = u16::try_from(bytes / 4).unwrap_or(u16::MAX);
    out[words..words + 2].copy_from_slice(&count.to_be_bytes());
    Ok(())
}

#[cfg(feature = "zlib")]
fn append(out: &mut Vec<u8>, message: &[u8], zlib: bool) -> Result<()> {
    if zlib {
        return crate::transport::zlib::deflate(message, out);
    }
    out.extend_from_slice(message);
    Ok(())
}

#[cfg(not(feature = "zlib"))]
#[allow(clippy::unnecessary_wraps, reason = "as with zlib")]
fn append(out: &mut Vec<u8>, message: &[u8], _: bool) -> Result<()> {
    out.extend_from_slice(message);
    Ok(())
}
