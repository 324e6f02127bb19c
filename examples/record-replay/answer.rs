//! Messages, as they are compared and shown.

use std::fmt;
use std::marker::PhantomData;

use seapink::protocol::{Input, Output};
use seapink::{
    ApplicationCode, Limits, MessageKind, Protocol, ProtocolSet, ProtocolVisitor, Result, Standard,
    WireType, codec,
};

use crate::value::Value;

/// Characters of a message that are shown.
const SHOWN_MAX: usize = 300;

/// A message without its sequence id, which is another one each time.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    name: String,
    kind: MessageKind,
    body: Value,
}

impl Message {
    /// Reads a message.
    pub fn read(protocol: Standard, message: &[u8]) -> Result<Self> {
        protocol.visit(Read(message))
    }
}

struct Read<'a>(&'a [u8]);

impl ProtocolVisitor for Read<'_> {
    type Output = Result<Message>;

    fn visit<P: Protocol>(self) -> Result<Message> {
        let mut input = P::input(self.0, 0, &Limits::default());
        let head = input.message_begin()?;
        let body = Value::read(WireType::Struct, &mut input)?;
        input.message_end()?;
        Ok(Message {
            name: head.name.into_owned(),
            kind: head.kind,
            body,
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.kind, &self.body) {
            (MessageKind::Call | MessageKind::Oneway, body) => format!("{}{body}", self.name),
            (MessageKind::Exception, Value::Struct(fields)) => application_exception(fields),
            (_, Value::Struct(fields)) => match &fields[..] {
                [] => "nothing".to_owned(),
                [(0, value)] => value.to_string(),
                [(id, value)] => format!("exception {id}: {value}"),
                _ => self.body.to_string(),
            },
            (_, body) => body.to_string(),
        };
        match text.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => write!(f, "{}… ({} bytes of text)", &text[..end], text.len()),
            None => f.write_str(&text),
        }
    }
}

/// The code in words, and the text.
fn application_exception(fields: &[(i16, Value)]) -> String {
    let (mut code, mut text) = (0, String::new());
    for field in fields {
        match field {
            (1, Value::Bytes(bytes)) => text = String::from_utf8_lossy(bytes).into_owned(),
            (2, Value::Int(value)) => code = i32::try_from(*value).unwrap_or_default(),
            _ => {}
        }
    }
    format!("{}: {text}", ApplicationCode(code))
}

/// The same message in another protocol.
pub fn translated(from: Standard, message: &[u8], to: Standard) -> Result<Vec<u8>> {
    from.visit(From { message, to })
}

struct From<'a> {
    message: &'a [u8],
    to: Standard,
}

struct To<'a, P>(&'a [u8], PhantomData<fn(P)>);

impl ProtocolVisitor for From<'_> {
    type Output = Result<Vec<u8>>;

    fn visit<P: Protocol>(self) -> Self::Output {
        self.to.visit(To::<P>(self.message, PhantomData))
    }
}

impl<P: Protocol> ProtocolVisitor for To<'_, P> {
    type Output = Result<Vec<u8>>;

    fn visit<Q: Protocol>(self) -> Self::Output {
        let limits = Limits::default();
        let mut input = P::input(self.0, 0, &limits);
        let mut output = Q::output(Vec::new(), &limits);
        output.message_begin(&input.message_begin()?);
        codec::transcode(WireType::Struct, &mut input, &mut output)?;
        input.message_end()?;
        output.message_end();
        let written = output.finish();
        written.result?;
        Ok(written.bytes)
    }
}
