//! The head of a message.

use std::borrow::Cow;

use crate::wire::MessageKind;

/// What stands before a message's struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHead<'a> {
    /// The function's name; in a multiplexed call `Service:function`.
    pub name: Cow<'a, str>,
    /// Call, reply, exception or oneway.
    pub kind: MessageKind,
    /// Pairs a reply with its call. Chosen by the client, repeated by the server.
    pub sequence_id: i32,
    /// How the message is written, where a protocol has two ways.
    pub form: MessageForm,
}

/// How a message is written, where a protocol has two ways. To a protocol that does not know a form
/// it is the usual one.
///
/// All of them are read; a server answers in the form of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MessageForm {
    /// The usual one. A binary message starts with a version, `0x8001`, as every writer of the last
    /// fifteen years sends it; a compact one is of version 1.
    #[default]
    Strict,
    /// A binary message that starts with the length of the name.
    Old,
    /// A compact message of version 2, fbthrift's, whose doubles are big-endian.
    Compact2,
}

impl<'a> MessageHead<'a> {
    /// The head of a call.
    pub fn new(name: &'a str, kind: MessageKind, sequence_id: i32) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind,
            sequence_id,
            form: MessageForm::Strict,
        }
    }

    /// The head of the answer to this call. `name` is the function's own name, without the service
    /// that a multiplexed call puts before it.
    pub fn answer<'n>(&self, name: &'n str, kind: MessageKind) -> MessageHead<'n> {
        MessageHead {
            name: Cow::Borrowed(name),
            kind,
            sequence_id: self.sequence_id,
            form: self.form,
        }
    }
}
