//! Messages of which nothing is known, as text: what `tshark` shows, for bytes at hand.

use std::fmt;

use crate::codec::transcode;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{
    Input, MessageForm, Output, Protocol, ProtocolSet, ProtocolVisitor, Standard, TextLimits,
    TextOutput,
};
use crate::transport::{
    Decoded, FIRST_BYTES, Framed, Framing, Header, Look, Setup, Transport, look,
};
use crate::wire::WireType;

/// A message of unknown type as text: what it is in, its head, and its fields by id and wire type.
///
/// The bytes may be a message in the binary, compact or JSON protocol, with a frame around it or
/// without, or with the head of the transport `header`. What cannot be read is shown up to the place,
/// and why. The text has a bounded length, and `{:#}` takes a line for each field.
///
/// ```
/// let call = b"\x82\x21\x01\x03add\x15\x04\x15\x06\0";
/// assert_eq!(
///     seapink::inspect(call).to_string(),
///     r#"compact call "add" #1 { 1: (i32) = 2, 2: (i32) = 3 }"#,
/// );
/// ```
pub fn inspect(bytes: &[u8]) -> Inspection<'_> {
    Inspection {
        bytes,
        limits: TextLimits::default(),
        write: write_any,
    }
}

/// The same for a struct without a message around it, whose protocol must be known.
pub fn inspect_struct<P: Protocol>(bytes: &[u8]) -> Inspection<'_> {
    Inspection {
        bytes,
        limits: TextLimits::default(),
        write: |bytes, out| write_value(&mut P::input(bytes, 0, &limits()), out),
    }
}

/// What [`inspect`] returns: something to display.
#[derive(Clone, Copy)]
pub struct Inspection<'a> {
    bytes: &'a [u8],
    limits: TextLimits,
    write: fn(&[u8], &mut TextOutput) -> Result<()>,
}

impl Inspection<'_> {
    /// The same, showing more or less.
    #[must_use]
    pub fn with_limits(mut self, limits: TextLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl fmt::Display for Inspection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = TextOutput::within(self.limits, &limits());
        if f.alternate() {
            out = out.pretty();
        }
        let written = (self.write)(self.bytes, &mut out);
        let text = out.into_text();
        let Err(error) = written else {
            return f.write_str(&text);
        };
        let text = text.trim_end();
        let space = if text.is_empty() { "" } else { " " };
        write!(f, "{text}{space}[{error}]")
    }
}

/// As it is displayed.
impl fmt::Debug for Inspection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The bytes are in memory already, so only what reading them costs is bounded.
fn limits() -> Limits {
    Limits::default()
        .message_bytes_max(usize::MAX)
        .frame_bytes_max(usize::MAX)
        .container_elements_max(usize::MAX)
        .depth_max(Limits::DEPTH_MAX)
}

fn write_any(bytes: &[u8], out: &mut TextOutput) -> Result<()> {
    match look(&bytes[..bytes.len().min(FIRST_BYTES)]) {
        Look::Thrift(Framing::Unframed, protocol) => write_message(protocol, bytes, out),
        Look::Thrift(Framing::Framed, protocol) => {
            out.put("framed ");
            write_enclosed(&Framed, protocol, bytes, out)
        }
        Look::Thrift(Framing::Header, protocol) => {
            out.put("header ");
            write_enclosed(&Header::default(), protocol, bytes, out)
        }
        Look::Stranger(what) => Err(unknown(&format!("these bytes look like {what}"))),
        Look::Unclear => Err(unknown("these bytes are too few for a message")),
        Look::Noise => Err(unknown("these bytes begin no message")),
    }
}

fn unknown(text: &str) -> Error {
    Error::new(ErrorKind::Malformed, text.to_owned())
}

/// A message that something stands around.
fn write_enclosed(
    transport: &dyn Transport,
    protocol: &'static str,
    bytes: &[u8],
    out: &mut TextOutput,
) -> Result<()> {
    // What is compressed may become longer, and is then not in memory already.
    let bytes_max = Limits::default().message_bytes_max.max(bytes.len());
    let limits = limits().message_bytes_max(bytes_max);
    let wire = Standard::WIRE.iter().find(|wire| wire.name() == protocol);
    let Some(wire) = wire else {
        return Err(unknown("there is no such protocol"));
    };
    let (mut decoder, _) = transport.open(&Setup::new(&limits, *wire));
    let found = decoder.decode(bytes)?;
    let protocol = found
        .envelope()
        .and_then(|envelope| envelope.protocol)
        .unwrap_or(protocol);
    if let Some(envelope) = found.envelope()
        && !envelope.headers.is_empty()
    {
        out.put(&format!("{:?} ", envelope.headers));
    }
    match found {
        Decoded::Message { message, consumed }
        | Decoded::Enveloped {
            message, consumed, ..
        } => {
            write_message(protocol, message, out)?;
            write_rest(bytes.len() - consumed, out);
            Ok(())
        }
        Decoded::NeedMore(missing) => {
            let text = format!("the frame is cut off, it lacks {missing} bytes");
            Err(Error::new(ErrorKind::Truncated, text))
        }
    }
}

fn write_message(protocol: &str, message: &[u8], out: &mut TextOutput) -> Result<()> {
    match Standard::named(protocol) {
        Some(protocol) => protocol.visit(Message { message, out }),
        None => Err(unknown("there is no such protocol")),
    }
}

struct Message<'a> {
    message: &'a [u8],
    out: &'a mut TextOutput,
}

impl ProtocolVisitor for Message<'_> {
    type Output = Result<()>;

    fn visit<P: Protocol>(self) -> Result<()> {
        let Self { message, out } = self;
        let mut input = P::input(message, 0, &limits());
        out.put(P::NAME);
        out.put(" ");
        let head = input.message_begin()?;
        match head.form {
            MessageForm::Strict => {}
            MessageForm::Old => out.put("old "),
            MessageForm::Compact2 => out.put("version 2 "),
        }
        out.message_begin(&head);
        transcode(WireType::Struct, &mut input, out)?;
        input.message_end()
    }
}

fn write_value<'de, I: Input<'de>>(input: &mut I, out: &mut TextOutput) -> Result<()> {
    transcode(WireType::Struct, input, out)?;
    write_rest(input.remaining(), out);
    Ok(())
}

fn write_rest(bytes: usize, out: &mut TextOutput) {
    if bytes > 0 {
        out.put(&format!(", then {bytes} bytes"));
    }
}
