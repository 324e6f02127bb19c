//! What a peer speaks, by the first bytes that it sends.
//!
//! A server with `transport = "auto"` or `protocol = "auto"` asks what to answer with. All others ask
//! only to name what they do not understand.

use crate::error::{Error, ErrorKind, Result};

/// So many bytes tell everything that can be told.
pub(crate) const BYTES: usize = 8;

/// What stands around a message that is a whole body: nothing.
const BODY: &str = "body";

/// How that begins which is said of text.
const PLAIN_TEXT: &str = "the server sent plain text";

/// What stands around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// A 4-byte length.
    Framed,
    /// Nothing.
    Unframed,
    /// A length, and a head that says more.
    Header,
}

impl Framing {
    fn name(self) -> &'static str {
        match self {
            Self::Framed => "framed",
            Self::Unframed => "buffered",
            Self::Header => "header",
        }
    }

    fn name_in(self, transport: &str) -> &'static str {
        match self {
            Self::Unframed if transport == BODY => BODY,
            _ => self.name(),
        }
    }
}

/// What the first bytes of a connection look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    /// Not enough of them.
    Unclear,
    /// One of Thrift's protocols, by its name.
    Thrift(Framing, &'static str),
    /// Something else.
    Stranger(&'static str),
    /// Nothing known.
    Noise,
}

const HTTP: [&[u8]; 10] = [
    b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"DELE", b"PATC", b"CONN", b"TRAC", b"HTTP",
];

/// How the first message of an end begins that shares memory.
const SHM: &[u8] = b"SEAPNKSM";

/// A name of a function that is longer is no sign of a message.
const NAME_BYTES_MAX: i32 = 256;

/// Looks at them. Eight are enough for a verdict, and six for all but a message with the old head.
pub(crate) fn look(first: &[u8]) -> Look {
    look_for_names(first, NAME_BYTES_MAX)
}

/// The same where names of functions may be so long.
fn look_for_names(first: &[u8], bytes_max: i32) -> Look {
    let Some((start, rest)) = first.split_first_chunk::<4>() else {
        return Look::Unclear;
    };
    match start {
        b"PRI " => return Look::Stranger("HTTP/2"),
        b"SSH-" => return Look::Stranger("SSH"),
        b"EHLO" | b"HELO" => return Look::Stranger("SMTP"),
        _ if HTTP.contains(&&start[..]) => return Look::Stranger("HTTP"),
        _ if SHM.starts_with(start) => return Look::Stranger("`shm://`"),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => return Look::Stranger("zlib"),
        _ => {}
    }
    if let Some(protocol) = protocol(start) {
        return Look::Thrift(Framing::Unframed, protocol);
    }
    let declared = i32::from_be_bytes(*start);
    if declared <= 0 {
        return Look::Noise;
    }
    // A length: that of a frame, or that of the name in a binary message with the old head.
    match rest {
        [] | [_] => return Look::Unclear,
        [0x0f, 0xff, ..] => return Look::Thrift(Framing::Header, "binary"),
        _ if protocol(rest).is_some_and(|_| declared > 1) => {
            return Look::Thrift(Framing::Framed, protocol(rest).unwrap_or_default());
        }
        _ => {}
    }
    match (start, rest) {
        // A handshake, or an alert.
        ([0x15 | 0x16, 3, ..], _) => Look::Stranger("TLS"),
        ([3, 0, ..], _) => Look::Stranger("RDP"),
        // Its first message, with the name of a mechanism.
        ([1, 0, 0, 0], [1..=20, ..]) => Look::Stranger("SASL"),
        (_, [0, ..]) => match rest.first_chunk::<4>() {
            None => Look::Unclear,
            Some(name) if i32::from_be_bytes(*name) < declared => {
                Look::Thrift(Framing::Framed, "binary")
            }
            Some(_) => Look::Noise,
        },
        (_, [letter, ..]) if letter.is_ascii_graphic() && declared <= bytes_max => {
            Look::Thrift(Framing::Unframed, "binary")
        }
        _ if first.iter().take(BYTES).all(|byte| is_text(*byte)) => Look::Stranger("plain text"),
        _ => Look::Noise,
    }
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte.is_ascii_whitespace()
}

/// The protocol of a message that starts so.
fn protocol(message: &[u8]) -> Option<&'static str> {
    Some(match message {
        [0x80, 1, ..] => "binary",
        [0x82, version, ..] if version & 0x1f <= 2 => "compact",
        [b'[', b'1', b',', ..] | [b'[', b'1'] => "json",
        _ => return None,
    })
}

/// What a server speaks, as far as first bytes have to do with it.
#[derive(Clone, Copy)]
pub(crate) struct Spoken<'a> {
    /// What it has been told to speak.
    pub(crate) transport: &'a str,
    /// All that stands around a message stands in a frame.
    pub(crate) in_frames: bool,
    /// Names of functions may be of any length: nothing is told apart by them.
    pub(crate) any_name: bool,
}

/// Refuses what cannot be the beginning of a message in one of these framings and protocols.
///
/// # Errors
/// One that names what the peer seems to speak.
pub(crate) fn check(
    first: &[u8],
    spoken: Spoken<'_>,
    takes: impl Fn(Framing, &str) -> bool,
) -> Result<Option<(Framing, &'static str)>> {
    let bytes_max = if spoken.any_name {
        i32::MAX
    } else {
        NAME_BYTES_MAX
    };
    let content = if spoken.in_frames {
        first.get(4..).unwrap_or_default()
    } else {
        first
    };
    let look = look_for_names(content, bytes_max);
    let frames_only = spoken.in_frames || takes_frames_only(&takes);
    match look {
        // Nothing can follow in a frame that is whole.
        Look::Unclear if frames_only && is_frame(first) => Err(refuse(first, spoken.transport)),
        _ if spoken.in_frames && !fits(first, look) => Err(refuse(first, spoken.transport)),
        Look::Unclear => Ok(None),
        Look::Thrift(framing, protocol) if takes(framing, protocol) => {
            Ok(Some((framing, protocol)))
        }
        _ => Err(refuse(first, spoken.transport)),
    }
}

/// Whether what a frame begins with can be there: a frame in it is as long as it, and a name shorter.
fn fits(first: &[u8], content: Look) -> bool {
    let numbers = first.split_first_chunk::<4>().and_then(|(frame, content)| {
        let content = content.first_chunk::<4>()?;
        Some((u32::from_be_bytes(*frame), u32::from_be_bytes(*content)))
    });
    let Some((frame, inner)) = numbers else {
        return true;
    };
    let is_frame = frame.checked_sub(4) == Some(inner);
    match content {
        Look::Thrift(Framing::Unframed, _) => true,
        Look::Unclear if !is_frame => inner < frame && !matches!(look(first), Look::Stranger(_)),
        _ => is_frame,
    }
}

fn takes_frames_only(takes: impl Fn(Framing, &str) -> bool) -> bool {
    !takes(Framing::Unframed, "binary")
}

fn is_frame(first: &[u8]) -> bool {
    let frame = first.split_first_chunk::<4>();
    frame.is_some_and(|(length, rest)| rest.len() >= u32::from_be_bytes(*length) as usize)
}

#[cold]
fn refuse(first: &[u8], transport: &str) -> Error {
    let (first, transport) = inside(first, transport);
    let look = look(first);
    let first = &first[..first.len().min(BYTES)];
    let text = match look.name_in(transport) {
        Some(what) => format!("the peer seems to speak {what}"),
        None if first.is_empty() => "it has no byte".to_owned(),
        None => format!(
            "the first bytes, {}, begin no message",
            first.escape_ascii()
        ),
    };
    Error::new(ErrorKind::Malformed, text)
}

/// What the first bytes of a stream that should be TLS look like.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn without_tls(first: &[u8]) -> Option<String> {
    match look(first) {
        Look::Stranger("TLS") => None,
        look => look.name(),
    }
}

/// The same for one that should begin with SASL.
#[cold]
pub(super) fn without_sasl(first: &[u8]) -> Option<String> {
    look(first).name()
}

/// Marks an error of a handshake as one about a peer that speaks something else: it is its source.
#[derive(Debug, thiserror::Error)]
#[error("it speaks something else")]
pub(super) struct Foreign;

impl Foreign {
    pub(super) fn is_source_of(error: &Error) -> bool {
        use std::error::Error as _;

        let source = error.source();
        source
            .and_then(|source| source.downcast_ref::<Self>())
            .is_some()
    }
}

/// Whether an error of a handshake says that the peer speaks something else.
#[cold]
pub(crate) fn is_foreign(error: &Error) -> bool {
    #[cfg(feature = "tls")]
    if crate::transport::tls::is_foreign(error) {
        return true;
    }
    Foreign::is_source_of(error)
}

impl Look {
    fn name(self) -> Option<String> {
        match self {
            Self::Stranger(what) => Some(what.to_owned()),
            Self::Thrift(framing, protocol) => Some(format!(
                "the {protocol} protocol over the {} transport",
                framing.name()
            )),
            Self::Unclear | Self::Noise => None,
        }
    }

    /// The same of a peer whose messages stand in such a transport.
    fn name_in(self, transport: &str) -> Option<String> {
        match self {
            Self::Thrift(Framing::Unframed, protocol) if transport == BODY => {
                Some(format!("the {protocol} protocol"))
            }
            _ => self.name(),
        }
    }
}

/// What the peer itself has sent of these bytes, and what stands around messages there. Above layers
/// messages are cut as in `framed`; but HTTP and `WebSocket` have messages of their own, and the frames above
/// them are made here.
fn inside<'a>(first: &'a [u8], transport: &'a str) -> (&'a [u8], &'a str) {
    let mut parts = transport.split('+');
    if parts.any(|part| ["http", "websocket"].contains(&part)) {
        return (body_of(first), parts.next().unwrap_or(BODY));
    }
    match transport.rsplit('+').next().unwrap_or_default() {
        "sasl" => (first, "framed"),
        "zlib" => (first, "buffered"),
        own => (first, own),
    }
}

/// What has come of the first frame's content. Behind it may stand another one, of fields.
fn body_of(first: &[u8]) -> &[u8] {
    let Some((length, rest)) = first.split_first_chunk() else {
        return &[];
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    &rest[..length.min(rest.len())]
}

/// Says in an error what the first bytes of the stream look like, if they look like anything but
/// what this connection speaks, where `auto` is every transport or protocol of Thrift.
///
/// Only for the first message of a connection: later, bytes that look like HTTP are data.
#[cold]
pub(crate) fn explain(error: Error, first: &[u8], transport: &str, protocol: &str) -> Error {
    let layers = transport;
    let (first, transport) = inside(first, transport);
    let look = look(first);
    let is = |own: &str, name| own == name || own == "auto";
    if matches!(look, Look::Thrift(framing, other) if is(protocol, other) && is(transport, framing.name_in(transport)))
    {
        return error;
    }
    // What has begun as zlib is not something else.
    if look == Look::Stranger("zlib") && layers.contains("zlib") {
        return error;
    }
    let Some(what) = look.name_in(transport) else {
        return error;
    };
    if error.message().contains(&what) {
        return error;
    }
    let text = format!("{error}; the peer seems to speak {what}");
    Error::new(error.kind(), text).with_source(error)
}

/// The same for a client. A server that answers with TLS's alert, in HTTP or with something else that is
/// certain has not been understood at all, so the error says only that, and what to write.
#[cold]
pub(crate) fn explain_reply(error: Error, first: &[u8], transport: &str, protocol: &str) -> Error {
    if look(first) == Look::Stranger("TLS") {
        let text = "the server speaks TLS, and this client does not";
        return Error::new(ErrorKind::Tls, text).with_source(error);
    }
    // At the layer itself there is no name.
    let own = (!transport.is_empty()).then_some(transport);
    let text = match (look(first), own) {
        (Look::Stranger("HTTP"), Some(own)) => {
            let text = format!(
                "the server speaks HTTP, and this client `{own}`; write `transport = \"http\"` or \
                 `transport = \"websocket\"`"
            );
            return Error::new(ErrorKind::Malformed, text).with_source(error);
        }
        (Look::Stranger("`shm://`"), _) => {
            "the server speaks `shm://`; `connect` has to begin so".to_owned()
        }
        (Look::Stranger("plain text"), _) if error.message().contains(PLAIN_TEXT) => return error,
        (Look::Stranger("plain text"), own) => {
            // Other layers are of HTTP's family.
            let what = own.map_or("HTTP", |_| "Thrift");
            format!("{PLAIN_TEXT}, `{}`; does it speak {what}?", shown(first))
        }
        _ => return explain(error, first, transport, protocol),
    };
    Error::new(error.kind(), text).with_source(error)
}

/// The same for one of a program that the client has started.
#[cold]
pub(crate) fn explain_printed(error: Error, first: &[u8]) -> Error {
    if look(first) != Look::Stranger("plain text") {
        return error;
    }
    let text = format!(
        "{PLAIN_TEXT}, `{}`; did its program print that on its standard output before it served?",
        shown(first)
    );
    Error::new(error.kind(), text).with_source(error)
}

fn shown(first: &[u8]) -> impl std::fmt::Display {
    first[..first.len().min(BYTES)].escape_ascii()
}

#[cfg(test)]
mod tests {
    use super::Framing::{Framed, Unframed};
    use super::Look::{Noise, Stranger, Thrift, Unclear};
    use super::*;

    #[test]
    fn names_what_knocks_at_a_thrift_port() {
        for (first, expected) in [
            (&b"GET / HTTP/1.1\r\n"[..], Stranger("HTTP")),
            (b"PRI * HTTP/2.0", Stranger("HTTP/2")),
            (b"\x16\x03\x01\x02\x00\x01", Stranger("TLS")),
            (b"\x15\x03\x03\0\x02\x02\x0a", Stranger("TLS")),
            (b"SSH-2.0-OpenSSH", Stranger("SSH")),
            (b"\x03\x00\x00\x13\x0e\xe0", Stranger("RDP")),
            (b"EHLO there", Stranger("SMTP")),
            (b"\x01\0\0\0\x05PLAIN", Stranger("SASL")),
            (b"\x80\x01\x00\x01", Thrift(Unframed, "binary")),
            (b"\x82\x21\x01\x01", Thrift(Unframed, "compact")),
            (b"[1,\"a\"", Thrift(Unframed, "json")),
            (b"x\x9c\x8a\x60", Stranger("zlib")),
            (b"\x78\x01\x00\x14\0\xeb\xff\0", Stranger("zlib")),
            (b"SEAPNKSM\x01", Stranger("`shm://`")),
            (b"Listening at", Stranger("plain text")),
            (b"ok\r\nmore\xff", Stranger("plain text")),
            (b"\0\0\x01\0pi", Thrift(Unframed, "binary")),
            (b"\0\0\x01\x01ping", Noise),
            (b"names\xff\0\0", Noise),
            (b"\0\0\0\x04ping\x01", Thrift(Unframed, "binary")),
            (b"\0\0\0\x20\x80\x01", Thrift(Framed, "binary")),
            (b"\0\0\0\x20\x82\x21", Thrift(Framed, "compact")),
            (b"\0\0\0\x20[1", Thrift(Framed, "json")),
            (b"\0\0\0\x20\0\0\0\x03", Thrift(Framed, "binary")),
            (b"\0\0\0\x20\0\0\0\x20", Noise),
            (b"\xff\xff\xff\xff", Noise),
            (b"\0\0\0\0", Noise),
            (b"\0\0\0\x20\x01\x02", Noise),
            (b"GET", Unclear),
            (b"\0\0\0\x20\0\0\0", Unclear),
            (b"\0\0\0\x20\x80", Unclear),
        ] {
            assert_eq!(look(first), expected, "{}", first.escape_ascii());
        }
    }

    #[test]
    fn eight_bytes_are_enough() {
        for a in 0..=255 {
            for b in [0, 1, 3, 0x21, b'[', b'x', 0x80, 0x82, 0xff] {
                for c in [0, 1, 0x21, b'[', b'x', 0x80, 0x82, 0xff] {
                    assert_ne!(look(&[a, b, c, b, c, a, b, c]), Unclear);
                }
            }
        }
    }

    #[test]
    fn what_stands_in_a_frame_has_to_fit() {
        let spoken = Spoken {
            transport: "framed+header",
            in_frames: true,
            any_name: false,
        };
        for (first, expected) in [
            (&b"\0\0\0\x2c\0\0\0\x28\x0f\xff"[..], Some(true)),
            (b"\0\0\0\x2c\0\0\0\x28", Some(false)),
            (b"\0\0\0\x2c\0\0", Some(false)),
            (b"\0\0\0\x2c\x82\x21\0\0", Some(true)),
            // A large one, which is no RDP.
            (b"\x03\0\0\x13\x03\0\0\x0f", Some(false)),
            (b"\x03\0\0\x13\x0e\xe0\0\0", None),
            (b"\0\0\0\x2c\0\0\0\x29\x0f\xff", None),
            (b"\0\0\x10\0\xde\xad\xbe\xef", None),
            (b"\0\x01\0\0\x01\x02\x03\x04", None),
            (b"\0\0\0\x02\0\0", None),
            (b"GET / HT", None),
        ] {
            let told = check(first, spoken, |_, _| true).map(|found| found.is_some());
            assert_eq!(told.ok(), expected, "{}", first.escape_ascii());
        }
    }

    #[test]
    fn keeps_the_kind_and_the_text() {
        let error = || Error::new(ErrorKind::Limit, "too long");
        let explained = explain(error(), b"GET /", "framed", "binary");
        assert_eq!(explained.kind(), ErrorKind::Limit);
        assert_eq!(
            explained.to_string(),
            "too long; the peer seems to speak HTTP"
        );
        let own = explain(error(), b"\x82\x21\0\0", "buffered", "compact");
        assert_eq!(own.to_string(), "too long");
        let other = explain(error(), b"\x82\x21\0\0", "framed", "compact");
        let expected =
            "too long; the peer seems to speak the compact protocol over the buffered transport";
        assert_eq!(other.to_string(), expected);
    }

    #[test]
    fn bodies_are_not_frames() {
        let error = || Error::new(ErrorKind::Malformed, "no message");
        let body = |bytes: &[u8]| [&[0, 0, 0, 9][..], bytes].concat();
        for (transport, bytes, expected) in [
            ("http", &b"\x80\x01\0\x01"[..], None),
            ("zlib+http", b"\0\0\0\x04echo", None),
            ("http+header", b"\0\0\0\x20\x0f\xff", None),
            ("websocket", b"junk that", Some("plain text")),
            ("http", b"{\"a\": 1}", Some("plain text")),
            ("http", b"[1,\"a\"", Some("the json protocol")),
            (
                "http",
                b"\0\0\0\x20\x80\x01\0\x01",
                Some("the binary protocol over the framed transport"),
            ),
            ("http", b"", None),
        ] {
            let told = explain(error(), &body(bytes), transport, "binary");
            let expected = expected.map(|what| format!("; the peer seems to speak {what}"));
            let expected = format!("no message{}", expected.unwrap_or_default());
            assert_eq!(told.to_string(), expected, "{transport}");
        }
    }

    #[test]
    fn zlib_is_named_where_nobody_speaks_it() {
        let error = || Error::new(ErrorKind::Malformed, "no message");
        let told =
            |transport| explain(error(), b"x\x9c\0\0\0\xff", transport, "binary").to_string();
        assert_eq!(told("framed"), "no message; the peer seems to speak zlib");
        assert_eq!(told("zlib"), "no message");
    }

    #[test]
    fn what_is_detected_is_not_taken_for_something_else() {
        let error = || Error::new(ErrorKind::Limit, "too long");
        for (transport, protocol) in [
            ("auto", "auto"),
            ("framed", "auto"),
            ("auto", "binary"),
            ("sasl", "binary"),
            ("zlib+framed", "binary"),
        ] {
            let own = explain(error(), b"\0\0\0\x20\x80\x01\0\x01", transport, protocol);
            assert_eq!(own.to_string(), "too long");
        }
        let other = explain(error(), b"\0\0\0\x20\x82\x21\0\x01", "auto", "binary");
        let expected = "; the peer seems to speak the compact protocol over the framed transport";
        assert!(other.to_string().ends_with(expected), "{other}");
    }

    #[test]
    fn a_client_is_told_what_to_write() {
        let error = || Error::new(ErrorKind::Limit, "the frame declares 1213486160 bytes");
        let told = |first: &[u8]| explain_reply(error(), first, "framed", "binary").to_string();
        assert_eq!(
            told(b"HTTP/1.1 400 Bad"),
            "the server speaks HTTP, and this client `framed`; write `transport = \"http\"` or \
             `transport = \"websocket\"`"
        );
        assert_eq!(
            told(b"SEAPNKSM\x01"),
            "the server speaks `shm://`; `connect` has to begin so"
        );
        assert_eq!(
            told(b"220 mail.example"),
            "the server sent plain text, `220 mail`; does it speak Thrift?"
        );
        let printed = explain_printed(error(), b"Listening at");
        let explained = explain_reply(printed, b"Listening at", "framed", "binary");
        assert_eq!(
            explained.to_string(),
            "the server sent plain text, `Listenin`; did its program print that on its standard \
             output before it served?"
        );
    }

    #[test]
    fn an_alert_of_tls_is_no_frame() {
        let error = Error::new(ErrorKind::Limit, "the frame declares 352518912 bytes");
        let explained = explain_reply(error, b"\x15\x03\x03\0\x02\x02\x0a", "framed", "binary");
        assert_eq!(explained.kind(), ErrorKind::Tls);
        assert_eq!(
            explained.to_string(),
            "the server speaks TLS, and this client does not"
        );
    }
}
