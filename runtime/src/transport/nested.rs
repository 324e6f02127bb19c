//! Messages of one transport inside those of another, as in `framed+header`: each of the outer ones
//! holds one of the inner ones.
//!
//! Apache's libraries make such connections when a program puts one transport around another.

use std::sync::Arc;

use crate::envelope::{Envelope, Headers};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Decoded, Decoder, Encoder, Framing, Setup, Transport};

pub(crate) struct Nested {
    pub(super) outer: Arc<dyn Transport>,
    pub(super) inner: Arc<dyn Transport>,
}

impl Nested {
    /// What stands around the messages inside, if both can be told by the first bytes.
    pub(crate) fn framing_inside(&self) -> Option<Framing> {
        match self.outer.framing()? {
            Framing::Framed => self.inner.framing(),
            _ => None,
        }
    }
}

impl Transport for Nested {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let outer = self.outer.open(setup);
        let inner = self.inner.open(setup);
        let decoder = NestedDecoder {
            outer: outer.0,
            inner: inner.0,
        };
        let encoder = NestedEncoder {
            outer: outer.1,
            inner: inner.1,
            start: 0,
        };
        (Box::new(decoder), Box::new(encoder))
    }

    fn is_exclusive(&self) -> bool {
        self.outer.is_exclusive()
    }

    fn names_protocol(&self) -> bool {
        self.inner.names_protocol()
    }
}

struct NestedDecoder {
    outer: Box<dyn Decoder>,
    inner: Box<dyn Decoder>,
}

impl Decoder for NestedDecoder {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        let (outer, consumed) = match self.outer.decode(buffer)? {
            Decoded::NeedMore(missing) => return Ok(Decoded::NeedMore(missing)),
            Decoded::Message { message, consumed }
            | Decoded::Enveloped {
                message, consumed, ..
            } => (message, consumed),
        };
        if outer.is_empty() {
            // It stands for no answer.
            let message = outer;
            return Ok(Decoded::Message { message, consumed });
        }
        let mut inner = self.inner.decode(outer)?;
        let (Decoded::Message { consumed: end, .. } | Decoded::Enveloped { consumed: end, .. }) =
            &mut inner
        else {
            let text = "a message ends before what it holds does";
            return Err(Error::new(ErrorKind::Truncated, text));
        };
        let taken = std::mem::replace(end, consumed);
        if taken != outer.len() {
            let text = format!(
                "a message of {} bytes holds something of {taken} and then more",
                outer.len()
            );
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        Ok(inner)
    }

    fn shrink(&mut self) {
        self.outer.shrink();
        self.inner.shrink();
    }
}

struct NestedEncoder {
    outer: Box<dyn Encoder>,
    inner: Box<dyn Encoder>,
    /// Where the inner message starts that is being made.
    start: usize,
}

impl NestedEncoder {
    /// Completes both.
    fn complete(
        &mut self,
        out: &mut Vec<u8>,
        start: usize,
        end: impl FnOnce(&mut dyn Encoder, &mut Vec<u8>, usize) -> Result<()>,
    ) -> Result<()> {
        match end(&mut *self.inner, out, self.start) {
            Ok(()) => self.outer.end(out, start),
            Err(error) => {
                out.truncate(start);
                Err(error)
            }
        }
    }
}

impl Encoder for NestedEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let start = self.outer.begin(out);
        self.start = self.inner.begin(out);
        start
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        self.complete(out, start, |inner, out, start| inner.end(out, start))
    }

    fn end_answer(&mut self, out: &mut Vec<u8>, start: usize, request: &Envelope) -> Result<()> {
        self.complete(out, start, |inner, out, start| {
            inner.end_answer(out, start, request)
        })
    }

    fn carries_headers(&self) -> bool {
        self.inner.carries_headers()
    }

    fn end_call(&mut self, out: &mut Vec<u8>, start: usize, headers: &Headers) -> Result<()> {
        self.complete(out, start, |inner, out, start| {
            inner.end_call(out, start, headers)
        })
    }

    fn no_answer(&mut self, out: &mut Vec<u8>) {
        self.outer.no_answer(out);
    }

    fn refuse(&mut self, out: &mut Vec<u8>, why: &Error) {
        self.outer.refuse(out, why);
    }

    fn acknowledge(&mut self, out: &mut Vec<u8>) -> bool {
        self.outer.acknowledge(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::protocol::{Binary, wire};
    use crate::transport::{Framed, Header};

    fn open(inner: impl Transport + 'static) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let nested = Nested {
            outer: Arc::new(Framed),
            inner: Arc::new(inner),
        };
        let limits = Limits::default().frame_bytes_max(100);
        nested.open(&Setup::new(&limits, wire::<Binary>()))
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let (mut decoder, mut encoder) = open(Header::default());
        let mut out = b"before".to_vec();
        let call = [0x80, 1, 0, 1, 0, 0, 0, 1, b'f', 0, 0, 0, 9, 0];
        let mut headers = Headers::new();
        headers.set("user", "ada");
        crate::transport::append(&mut *encoder, &mut out, &headers, |out| {
            out.extend(call);
            Ok(())
        })
        .unwrap();
        let bytes = &out[6..];
        assert_eq!(
            bytes[..10],
            [0, 0, 0, 44, 0, 0, 0, 40, 0x0f, 0xff],
            "{bytes:?}"
        );
        for len in 0..bytes.len() {
            let short = decoder.decode(&bytes[..len]).unwrap();
            assert!(matches!(short, Decoded::NeedMore(_)), "{len}");
        }
        let Decoded::Enveloped {
            message,
            consumed,
            envelope,
        } = decoder.decode(bytes).unwrap()
        else {
            panic!("no envelope");
        };
        assert_eq!((message, consumed), (&call[..], bytes.len()));
        assert_eq!(envelope.headers, headers);
    }

    #[test]
    fn what_does_not_fit_leaves_nothing() {
        let (_, mut encoder) = open(Framed);
        for (len, fits) in [(96, true), (97, false), (101, false)] {
            let mut out = b"before".to_vec();
            let start = encoder.begin(&mut out);
            out.resize(out.len() + len, 7);
            assert_eq!(encoder.end(&mut out, start).is_ok(), fits);
            assert_eq!(out.len(), if fits { 6 + 8 + len } else { 6 });
        }
    }

    #[test]
    fn one_holds_exactly_one() {
        for (bytes, kind, text) in [
            (
                &[0, 0, 0, 5, 0, 0, 0, 2, 7][..],
                ErrorKind::Truncated,
                "ends before",
            ),
            (
                &[0, 0, 0, 6, 0, 0, 0, 1, 7, 8],
                ErrorKind::Malformed,
                "of 6 bytes holds something of 5",
            ),
            (&[0, 0, 0, 0], ErrorKind::Malformed, "empty"),
            (&[0, 0, 0, 4, 0, 0, 0, 0], ErrorKind::Malformed, "empty"),
            (&[0, 0, 0, 4, 0, 0, 1, 0], ErrorKind::Limit, "256"),
        ] {
            let (mut decoder, _) = open(Framed);
            let error = decoder.decode(bytes).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
