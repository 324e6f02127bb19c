//! Calls that were encoded elsewhere: recorded, or taken from another connection.

use std::mem;

use super::caller::end;
use super::message::check_reply;
use crate::client::Client;
use crate::error::{ApplicationCode, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{Output, Protocol, ProtocolSet, ProtocolVisitor, wire};
use crate::wire::MessageKind;

impl<Set: ProtocolSet> Client<Set> {
    /// Sends a call that is a message already, in the protocol of this client, and returns the reply
    /// as a message: a result, a declared exception or an application exception. `None` if the call is
    /// oneway.
    ///
    /// The message is sent as it is, but for its sequence id, and under the name that it has: of a
    /// client for one [service](Self::service) that is not changed. It is sent once, whatever the
    /// [retries](Self::with_retry) are.
    ///
    /// # Errors
    /// When the message is no call, and those of the transport.
    pub fn relay(&self, message: &[u8]) -> Result<Option<Vec<u8>>> {
        let (caller, limits) = (&self.caller, &self.caller.limits);
        let head = caller.protocol.visit(Head { message, limits })?;
        let (name, kind) = head;
        if !matches!(kind, MessageKind::Call | MessageKind::Oneway) {
            let text = "a client sends calls, not replies";
            return Err(Error::application(
                ApplicationCode::INVALID_MESSAGE_TYPE,
                text,
            ));
        }
        let method = name.split_once(':').map_or(&*name, |(_, method)| method);
        let mut options = caller.options(kind == MessageKind::Oneway);
        let around = caller.begin(method, &mut options)?;
        let mut encode = |sequence_id, buffer: &mut Vec<u8>| {
            caller.protocol.visit(Renumbered {
                message,
                sequence_id,
                limits,
                buffer,
            })
        };
        let mut reply = None;
        let mut decode = |sequence_id, message: &[u8]| {
            caller.protocol.visit(Checked {
                message,
                sequence_id,
                method,
                limits,
            })?;
            reply = Some(message.to_vec());
            Ok(())
        };
        let exchanged = self.channel().exchange(&options, &mut encode, &mut decode);
        let result: Result<Option<Vec<u8>>> = exchanged.and_then(|()| match reply {
            None if kind == MessageKind::Call => Err(Error::new(
                ErrorKind::Closed,
                "the channel brought no reply",
            )),
            reply => Ok(reply),
        });
        end(around, &result);
        result
    }
}

/// Reads the name and the kind of a message.
struct Head<'a> {
    message: &'a [u8],
    limits: &'a Limits,
}

impl ProtocolVisitor for Head<'_> {
    type Output = Result<(String, MessageKind)>;

    fn visit<P: Protocol>(self) -> Self::Output {
        let (head, _) = wire::<P>().read_head(self.message, self.limits)?;
        Ok((head.name.into_owned(), head.kind))
    }
}

/// Appends a message with another sequence id.
struct Renumbered<'a> {
    message: &'a [u8],
    sequence_id: i32,
    limits: &'a Limits,
    buffer: &'a mut Vec<u8>,
}

impl ProtocolVisitor for Renumbered<'_> {
    type Output = Result<()>;

    fn visit<P: Protocol>(self) -> Self::Output {
        let (mut head, body) = wire::<P>().read_head(self.message, self.limits)?;
        head.sequence_id = self.sequence_id;
        let mut out = P::output(mem::take(self.buffer), self.limits);
        out.message_begin(&head);
        let written = out.finish();
        *self.buffer = written.bytes;
        let rest = self.message.get(body..).unwrap_or_default();
        self.buffer.extend_from_slice(rest);
        written.result
    }
}

/// Checks that a message is the reply to a call.
struct Checked<'a> {
    message: &'a [u8],
    sequence_id: i32,
    method: &'a str,
    limits: &'a Limits,
}

impl ProtocolVisitor for Checked<'_> {
    type Output = Result<()>;

    fn visit<P: Protocol>(self) -> Self::Output {
        let (head, _) = wire::<P>().read_head(self.message, self.limits)?;
        check_reply(&head, self.sequence_id, self.method)
    }
}
