//! Messages that arrive, in whichever of the forms.

use std::sync::Arc;

use super::varint::{self, malformed};
use super::{
    HEAD, HEADERS_BYTES_MAX, HEADERS_MAX, KEY_VALUE, MAGIC, PROTOCOLS, TRANSFORMS_MAX, ZLIB, form,
};
use crate::envelope::{Envelope, Headers};
use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{Binary, Compact, WireProtocol, wire};
use crate::transport::{Buffered, Decoded, Decoder, Framed, Setup, Transport};

pub(super) struct HeaderDecoder {
    limits: Limits,
    framed: Box<dyn Decoder>,
    /// Of a peer that puts nothing around its messages: in what they are, and where they end.
    unframed: Option<(&'static str, Box<dyn Decoder>)>,
    /// A message that was compressed.
    plain: Vec<u8>,
}

/// What the first four bytes of a message say.
enum Start {
    Unframed(&'static dyn WireProtocol),
    Framed,
}

impl HeaderDecoder {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        let (framed, _) = Framed.open(setup);
        Self {
            limits: *setup.limits,
            framed,
            unframed: None,
            plain: Vec::new(),
        }
    }

    fn open(&mut self, wire: &'static dyn WireProtocol) {
        if self
            .unframed
            .as_ref()
            .is_none_or(|(name, _)| *name != wire.name())
        {
            let (decoder, _) = Buffered.open(&Setup::new(&self.limits, wire));
            self.unframed = Some((wire.name(), decoder));
        }
    }
}

impl Decoder for HeaderDecoder {
    fn shrink(&mut self) {
        self.plain = Vec::new();
    }

    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        // What the last one took is given back before the next.
        self.plain = Vec::new();
        let Some(start) = start(buffer) else {
            return Ok(Decoded::NeedMore(4 - buffer.len()));
        };
        if let Start::Unframed(wire) = start {
            self.open(wire);
        }
        let Self {
            framed,
            unframed,
            plain,
            limits,
        } = self;
        if let (Start::Unframed(_), Some((name, decoder))) = (start, unframed) {
            return Ok(match decoder.decode(buffer)? {
                Decoded::Message { message, consumed } => Decoded::Enveloped {
                    message,
                    consumed,
                    envelope: Arc::new(plain_envelope(name, form::UNFRAMED)),
                },
                other => other,
            });
        }
        let (frame, consumed) = match framed.decode(buffer)? {
            Decoded::Message { message, consumed } => (message, consumed),
            other => return Ok(other),
        };
        let (envelope, payload) = open(frame)?;
        let message = if envelope.form == form::HEADER_ZLIB {
            *plain = inflate(payload, limits.message_bytes_max)?;
            &plain[..]
        } else {
            payload
        };
        Ok(Decoded::Enveloped {
            message,
            consumed,
            envelope: Arc::new(envelope),
        })
    }
}

/// Looks at the first four bytes. `None` while there are fewer.
fn start(buffer: &[u8]) -> Option<Start> {
    Some(match buffer.first_chunk::<4>()? {
        [0x80, 1, ..] => Start::Unframed(wire::<Binary>()),
        [0x82, version, ..] if matches!(version & 0x1f, 1 | 2) => {
            Start::Unframed(wire::<Compact>())
        }
        _ => Start::Framed,
    })
}

/// Takes a frame apart.
fn open(frame: &[u8]) -> Result<(Envelope, &[u8])> {
    match frame {
        [first, second, ..] if [*first, *second] == MAGIC => headed(frame),
        [0x82, ..] => Ok((plain_envelope("compact", form::FRAMED), frame)),
        // With a version, or with the old head, which has none.
        [0x80, 1, ..] | [0, ..] => Ok((plain_envelope("binary", form::FRAMED), frame)),
        _ => {
            let first = frame[..frame.len().min(4)].escape_ascii();
            let text =
                format!("the frame begins with {first}, which is neither a head nor a message");
            Err(Error::new(ErrorKind::Malformed, text))
        }
    }
}

/// That of a peer without heads.
fn plain_envelope(protocol: &'static str, form: u32) -> Envelope {
    Envelope::new(Some(protocol), 0, form).without_reply_headers()
}

/// The same with a head.
fn headed(frame: &[u8]) -> Result<(Envelope, &[u8])> {
    let Some((head, rest)) = frame.split_first_chunk::<HEAD>() else {
        return Err(malformed("it is shorter than a head"));
    };
    let sequence_id = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let bytes = usize::from(u16::from_be_bytes([head[8], head[9]])) * 4;
    if bytes > HEADERS_BYTES_MAX {
        let text = format!("the head of a frame has {bytes} bytes, more than {HEADERS_BYTES_MAX}");
        return Err(Error::new(ErrorKind::Limit, text));
    }
    let Some((mut head, payload)) = rest.split_at_checked(bytes) else {
        return Err(malformed("it is longer than the frame"));
    };
    let number = varint::take(&mut head)?;
    let protocol = PROTOCOLS.iter().find(|(own, _)| *own == number);
    let Some((_, protocol)) = protocol else {
        let text = format!(
            "the head of a frame names the protocol {number}, which is none of binary and compact"
        );
        return Err(Error::application(ApplicationCode::INVALID_PROTOCOL, text));
    };
    let zlib = transforms(&mut head)?;
    let form = if zlib {
        form::HEADER_ZLIB
    } else {
        form::HEADER
    };
    let envelope = Envelope::new(Some(protocol), sequence_id, form);
    Ok((envelope.with_headers(headers(head)?), payload))
}

/// Whether the message is compressed.
fn transforms(head: &mut &[u8]) -> Result<bool> {
    let count = varint::take(head)?;
    if count as usize > TRANSFORMS_MAX {
        let text =
            format!("the head of a frame has {count} transforms, more than {TRANSFORMS_MAX}");
        return Err(Error::new(ErrorKind::Limit, text));
    }
    let mut zlib = false;
    for _ in 0..count {
        match varint::take(head)? {
            ZLIB if cfg!(feature = "zlib") && !zlib => zlib = true,
            ZLIB if zlib => return Err(malformed("it is compressed twice")),
            ZLIB => {
                let text = "the message is compressed with zlib, and the feature `zlib` is off";
                return Err(Error::application(ApplicationCode::INVALID_TRANSFORM, text));
            }
            other => {
                let text =
                    format!("the head of a frame has the transform {other}, which nobody knows");
                return Err(Error::application(ApplicationCode::INVALID_TRANSFORM, text));
            }
        }
    }
    Ok(zlib)
}

/// Names with values, up to what is something else. Those that come twice count twice, since each is
/// looked up among all.
fn headers(mut head: &[u8]) -> Result<Headers> {
    let mut headers = Headers::new();
    let mut left = HEADERS_MAX;
    while !head.is_empty() && varint::take(&mut head)? == KEY_VALUE {
        let count = varint::take(&mut head)? as usize;
        left = left.checked_sub(count).ok_or_else(|| {
            let text = format!("a frame has more than {HEADERS_MAX} headers");
            Error::new(ErrorKind::Limit, text)
        })?;
        for _ in 0..count {
            let name = text(&mut head)?;
            headers.set(name, text(&mut head)?);
        }
    }
    Ok(headers)
}

fn text<'a>(head: &mut &'a [u8]) -> Result<&'a [u8]> {
    let bytes = varint::take(head)? as usize;
    head.split_off(..bytes)
        .ok_or_else(|| malformed("a text in it is longer than the head"))
}

#[cfg(feature = "zlib")]
fn inflate(payload: &[u8], max: usize) -> Result<Vec<u8>> {
    crate::transport::zlib::inflate(payload, max)
}

#[cfg(not(feature = "zlib"))]
fn inflate(_: &[u8], _: usize) -> Result<Vec<u8>> {
    Err(malformed("it is compressed"))
}
