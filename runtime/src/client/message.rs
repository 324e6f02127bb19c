//! Calls and replies as messages.

use std::marker::PhantomData;
use std::mem;

use crate::codec::{ApplicationException, Decode};
use crate::error::{ApplicationCode, Delivery, Error, Result};
use crate::limits::Limits;
use crate::processor::{
    DecodeResult, EncodeArguments, FieldNames, MethodError, read_result, write_arguments,
};
use crate::protocol::{Input, MessageHead, Output, Protocol, ProtocolVisitor};
use crate::wire::MessageKind;

/// Writes a call.
pub(super) struct EncodeCall<'a, A> {
    pub(super) head: MessageHead<'a>,
    pub(super) ids: FieldNames,
    pub(super) arguments: &'a A,
    pub(super) limits: &'a Limits,
    pub(super) buffer: &'a mut Vec<u8>,
}

impl<'v, A: EncodeArguments<'v>> ProtocolVisitor for EncodeCall<'_, A> {
    type Output = Result<()>;

    fn visit<P: Protocol>(self) -> Result<()> {
        let mut out = P::output(mem::take(self.buffer), self.limits);
        out.message_begin(&self.head);
        write_arguments(self.arguments, self.ids, &mut out);
        out.message_end();
        let written = out.finish();
        *self.buffer = written.bytes;
        written.result
    }
}

/// Reads the reply to a call.
pub(super) struct DecodeReply<'a, T, E> {
    pub(super) method: &'static str,
    pub(super) sequence_id: i32,
    pub(super) message: &'a [u8],
    pub(super) limits: &'a Limits,
    pub(super) ty: PhantomData<fn() -> (T, E)>,
}

impl<T, E> ProtocolVisitor for DecodeReply<'_, T, E>
where
    T: for<'de> DecodeResult<'de>,
    E: MethodError,
{
    /// The outer error is a reply that cannot be trusted, the inner one that of the function.
    type Output = Result<Result<T, E>>;

    fn visit<P: Protocol>(self) -> Self::Output {
        let mut input = P::input(self.message, 0, self.limits);
        let head = input.message_begin()?;
        check_reply(&head, self.sequence_id, self.method)?;
        let result = match head.kind {
            MessageKind::Exception => {
                let mut exception = ApplicationException::default();
                exception.decode_into(&mut input)?;
                let error = Error::from_peer(exception.code, exception.message);
                Err(error.with_delivery(Delivery::Sent).into())
            }
            _ => read_result(&mut input)?,
        };
        input.message_end()?;
        Ok(result)
    }
}

/// Whether a message is the reply to a call. An exception may answer what the server could not even
/// read, so its name is not checked.
pub(super) fn check_reply(head: &MessageHead<'_>, sequence_id: i32, method: &str) -> Result<()> {
    let (code, text) = if head.sequence_id != sequence_id {
        let text = format!(
            "the reply has sequence id {}, the call has {sequence_id}",
            head.sequence_id
        );
        (ApplicationCode::BAD_SEQUENCE_ID, text)
    } else if matches!(head.kind, MessageKind::Call | MessageKind::Oneway) {
        (
            ApplicationCode::INVALID_MESSAGE_TYPE,
            "the server sent a call".to_owned(),
        )
    } else if head.kind == MessageKind::Reply && head.name != method {
        let text = format!("the reply is for `{}`, not for `{method}`", head.name);
        (ApplicationCode::WRONG_METHOD_NAME, text)
    } else {
        return Ok(());
    };
    Err(Error::application(code, text))
}
