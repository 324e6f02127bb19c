//! What an event of a recording holds.

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{MessageHead, WireProtocol};
use crate::wire::MessageKind;

/// A call that was recorded, and the answer that it got.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedCall<'e> {
    /// The protocol of both.
    pub protocol: &'static dyn WireProtocol,
    /// The head of the call. In a multiplexed call its name is `Service:function`.
    pub head: MessageHead<'e>,
    /// The message.
    pub call: &'e [u8],
    /// The answer, if it was recorded.
    pub answer: Option<&'e [u8]>,
}

impl<'e> RecordedCall<'e> {
    /// Reads an event. Which of the protocols it is in is found out by the event itself.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when it is no whole message of any of them, or more than a
    /// call and its answer.
    pub fn read(
        event: &'e [u8],
        protocols: &[&'static dyn WireProtocol],
        limits: &Limits,
    ) -> Result<Self> {
        for protocol in protocols {
            let Some((head, len)) = whole(*protocol, event, limits) else {
                continue;
            };
            let (call, rest) = event.split_at(len);
            if !matches!(head.kind, MessageKind::Call | MessageKind::Oneway) {
                return Err(malformed("the event is no call, but an answer".to_owned()));
            }
            let answer = (!rest.is_empty()).then_some(rest);
            if answer.is_some_and(|answer| !is_answer(*protocol, answer, limits)) {
                let text = format!("behind the call of `{}`, there is no answer", head.name);
                return Err(malformed(text));
            }
            return Ok(Self {
                protocol: *protocol,
                head,
                call,
                answer,
            });
        }
        let names: Vec<_> = protocols.iter().map(|protocol| protocol.name()).collect();
        Err(malformed(format!(
            "the event begins with no whole message of {}",
            names.join(", ")
        )))
    }
}

/// The head and length of the message at the front. All of it, where the protocol cannot tell.
fn whole<'e>(
    protocol: &dyn WireProtocol,
    event: &'e [u8],
    limits: &Limits,
) -> Option<(MessageHead<'e>, usize)> {
    let (head, _) = protocol.read_head(event, limits).ok()?;
    match protocol.scanner(limits).scan(event) {
        Ok(len) => Some((head, len?)),
        Err(error) if error.kind() == ErrorKind::Config => Some((head, event.len())),
        Err(_) => None,
    }
}

fn is_answer(protocol: &dyn WireProtocol, message: &[u8], limits: &Limits) -> bool {
    whole(protocol, message, limits).is_some_and(|(head, len)| {
        len == message.len() && matches!(head.kind, MessageKind::Reply | MessageKind::Exception)
    })
}

#[cold]
fn malformed(text: String) -> Error {
    Error::new(ErrorKind::Malformed, text)
}

impl std::fmt::Debug for RecordedCall<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedCall")
            .field("protocol", &self.protocol.name())
            .field("head", &self.head)
            .field("bytes", &self.call.len())
            .field("answer_bytes", &self.answer.map(<[u8]>::len))
            .finish()
    }
}
