//! What callers are told of a connection that fails them.

use crate::deadline::Deadline;
use crate::error::{ApplicationCode, Delivery, Error, ErrorKind};
use crate::limits::Limits;
use crate::protocol::{MessageHead, WireProtocol};
use crate::transport::{FIRST_BYTES, explain_reply};
use crate::wire::MessageKind;

/// The connection ended instead of a reply. Before the first one, the likely reason is that the two
/// ends were not configured alike.
#[cold]
pub(in crate::client) fn closed(first: bool, transport: &str, protocol: &str) -> Error {
    let text = "the server closed the connection before it replied";
    if !first {
        return Error::new(ErrorKind::Closed, text);
    }
    let hint = hint(transport, protocol);
    Error::new(ErrorKind::Closed, format!("{text}; {hint}"))
}

/// What to look at when not even the first call is answered.
fn hint(transport: &str, protocol: &str) -> String {
    format!("does it use the transport `{transport}` and the protocol `{protocol}`?")
}

/// It ended, or was found to be no good, while no call was in flight.
#[cold]
pub(in crate::client) fn stale() -> Error {
    let text = "the server has closed it, or has sent what nobody asked for";
    Error::new(ErrorKind::Closed, text)
}

/// There is none where there should be one.
#[cold]
pub(in crate::client) fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the connection is gone")
}

/// The client was dropped.
#[cold]
pub(in crate::client) fn dropped() -> Error {
    Error::new(ErrorKind::Cancelled, "the client was dropped")
}

/// The same error once more.
#[cold]
pub(in crate::client) fn told(error: &Error) -> Error {
    Error::new(error.kind(), error.to_string())
}

/// Too many calls were given up whose replies may still come.
#[cold]
pub(in crate::client) fn clogged() -> Error {
    let text =
        "half of the calls that may be in flight were not answered, and nobody waits for them";
    Error::new(ErrorKind::Timeout, text)
}

/// Nothing has come for as long as a call would have waited that was dropped.
#[cfg(feature = "tokio")]
#[cold]
pub(in crate::client) fn deserted() -> Error {
    let text = "no reply came by the deadline of a call that was dropped";
    Error::new(ErrorKind::Timeout, text)
}

/// What a call is told of the error that its connection has ended with. Whatever it was, one that was not sent can
/// be made again, unless TLS is to blame.
#[cold]
pub(in crate::client) fn ended(error: &Error, delivery: Delivery) -> Error {
    let told = match delivery {
        Delivery::NotSent if error.kind() != ErrorKind::Tls => {
            Error::new(ErrorKind::Closed, error.to_string())
        }
        _ => told(error),
    };
    told.with_delivery(delivery)
}

/// What the other calls of a connection are told that has failed.
#[cold]
pub(in crate::client) fn failed(error: &Error) -> impl Fn(Delivery) -> Error {
    let text = format!("the connection was closed, since another call on it failed: {error}");
    // Another connection would end in the same way if TLS is to blame.
    let kind = match error.kind() {
        ErrorKind::Tls => ErrorKind::Tls,
        _ => ErrorKind::Closed,
    };
    move |delivery| Error::new(kind, text.clone()).with_delivery(delivery)
}

/// A reply came for no call that was sent. Who could not read a call does not know its sequence id, but
/// often says why in an exception.
#[cold]
pub(in crate::client) fn nobodys(
    head: &MessageHead<'_>,
    message: &[u8],
    (wire, limits): (&dyn WireProtocol, &Limits),
) -> Error {
    let id = head.sequence_id;
    let text = format!("a reply has sequence id {id}, which no call in flight has");
    let code = ApplicationCode::BAD_SEQUENCE_ID;
    let said = match head.kind {
        MessageKind::Exception => wire.read_exception(message, limits).ok(),
        _ => None,
    };
    match said {
        Some((number, words)) => {
            let said = Error::from_peer(number, words);
            Error::application(code, format!("{text}; it says: {said}")).with_source(said)
        }
        None => Error::application(code, text),
    }
}

/// A reply came in another protocol, as its envelope says.
#[cold]
pub(in crate::client) fn other_protocol(theirs: &str, own: &str) -> Error {
    let text = format!("the reply is in the protocol `{theirs}`, and the call was in `{own}`");
    Error::application(ApplicationCode::INVALID_PROTOCOL, text)
}

/// A reply has no head. Over HTTP it may be the page of a login or of a proxy, which come with status 200, too.
#[cold]
pub(in crate::client) fn unreadable(
    error: Error,
    message: &[u8],
    transport: &str,
    wire: &dyn WireProtocol,
) -> Error {
    if !transport.split('+').any(|part| part == "http") {
        return error;
    }
    let text = message.trim_ascii_start();
    let first = &text[..text.len().min(FIRST_BYTES)];
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    // A message in JSON begins with a bracket.
    if first.is_empty() || first.starts_with(b"[") || !first.iter().all(is_text) {
        let length = u32::try_from(first.len()).unwrap_or_default();
        let frame = [&length.to_be_bytes(), first].concat();
        return explain_reply(error, &frame, transport, wire.name());
    }
    let shown = String::from_utf8_lossy(&text[..text.len().min(40)]);
    let shown = shown.replace(char::is_control, " ");
    let text = format!(
        "the server answered with text that is no message, `{}`; is `[client.http] path` the server's, and does \
         nothing in between answer in its place?",
        shown.trim_end()
    );
    Error::new(ErrorKind::Malformed, text).with_source(error)
}

/// A call was answered by nothing, as oneway ones are.
#[cold]
pub(in crate::client) fn no_message() -> Error {
    let text = "the server has answered a call by no message";
    Error::new(ErrorKind::Malformed, text)
}

/// A reply came before its call had left.
#[cold]
pub(in crate::client) fn too_early() -> Error {
    let text = "the server answered a call that was not sent yet";
    Error::application(ApplicationCode::BAD_SEQUENCE_ID, text)
}

/// The call's time was over before it could be sent, which is no fault of the connection.
#[cold]
pub(in crate::client) fn too_late(deadline: &Deadline) -> Error {
    let text = format!("{deadline} were over before the call could be sent");
    Error::new(ErrorKind::Timeout, text)
}

/// No slot became free in time.
#[cold]
pub(in crate::client) fn no_room(calls: usize, deadline: &Deadline) -> Error {
    let text = format!("{calls} calls were in flight on the connection for {deadline}");
    Error::new(ErrorKind::Overloaded, text)
}

/// A call could not be sent in time.
#[cold]
pub(in crate::client) fn not_taken(deadline: &Deadline) -> Error {
    let text = format!("the server did not take the call within {deadline}");
    Error::new(ErrorKind::Timeout, text)
}

/// A call was not answered in time.
#[cold]
pub(in crate::client) fn no_reply(deadline: &Deadline) -> Error {
    let text = format!("no reply within {deadline}");
    Error::new(ErrorKind::Timeout, text).with_delivery(Delivery::Sent)
}

/// A datagram was not answered in time, and none before it: a server is silent where it understands
/// nothing.
#[cold]
pub(in crate::client) fn no_answer(deadline: &Deadline, protocol: &str) -> Error {
    let hint = hint("buffered", protocol);
    let text = format!("no reply within {deadline}; if there is a server, {hint}");
    Error::new(ErrorKind::Timeout, text).with_delivery(Delivery::Sent)
}
