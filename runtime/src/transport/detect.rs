//! What a peer speaks, by the first bytes that it sends.
//!
//! A server with `transport = "auto"` or `protocol = "auto"` asks what to answer with. All others ask
//! only to name what they do not understand.

use crate::error::{Error, ErrorKind, Result};

/// So many bytes tell everything that can be told.
pub(crate) const BYTES: usize = 8;

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

/// Looks at them. Eight are enough for a verdict, and six for all but a message with the old head.
pub(crate) fn look(first: &[u8]) -> Look {
    let Some((start, rest)) = first.split_first_chunk::<4>() else {
        return Look::Unclear;
    };
    match start {
        b"PRI " => return Look::Stranger("HTTP/2"),
        b"SSH-" => return Look::Stranger("SSH"),
        b"EHLO" | b"HELO" => return Look::Stranger("SMTP"),
        _ if HTTP.contains(&&start[..]) => return Look::Stranger("HTTP"),
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
        (_, [letter, ..]) if letter.is_ascii_graphic() => Look::Thrift(Framing::Unframed, "binary"),
        _ => Look::Noise,
    }
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

/// Refuses what cannot be the beginning of a message in one of these framings and protocols.
///
/// # Errors
/// One that names what the peer seems to speak.
pub(crate) fn check(
    first: &[u8],
    takes: impl Fn(Framing, &str) -> bool,
) -> Result<Option<(Framing, &'static str)>> {
    match look(first) {
        Look::Unclear => Ok(None),
        Look::Thrift(framing, protocol) if takes(framing, protocol) => {
            Ok(Some((framing, protocol)))
        }
        look => Err(refuse(look, first)),
    }
}

#[cold]
fn refuse(look: Look, first: &[u8]) -> Error {
    let first = &first[..first.len().min(BYTES)];
    let text = match look.name() {
        Some(what) => format!("the peer seems to speak {what}"),
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
}

/// Says in an error what the first bytes of the stream look like, if they look like anything but
/// what this connection speaks, where `auto` is every transport or protocol of Thrift.
///
/// Only for the first message of a connection: later, bytes that look like HTTP are data.
#[cold]
pub(crate) fn explain(error: Error, first: &[u8], transport: &str, protocol: &str) -> Error {
    let look = look(first);
    // Above layers messages are cut as with these.
    let own = transport.rsplit('+').next().unwrap_or_default();
    let transport = match own {
        "http" | "websocket" | "sasl" => "framed",
        "zlib" => "buffered",
        own => own,
    };
    let is = |own: &str, name| own == name || own == "auto";
    if matches!(look, Look::Thrift(framing, other) if is(protocol, other) && is(transport, framing.name()))
    {
        return error;
    }
    let Some(what) = look.name() else {
        return error;
    };
    if error.message().contains(&what) {
        return error;
    }
    let text = format!("{error}; the peer seems to speak {what}");
    Error::new(error.kind(), text).with_source(error)
}

/// The same for a client. A server that answers with TLS's alert has not been understood at all, so the
/// error says only that, and becomes one of the kind.
#[cold]
pub(crate) fn explain_reply(error: Error, first: &[u8], transport: &str, protocol: &str) -> Error {
    if look(first) == Look::Stranger("TLS") {
        let text = "the server speaks TLS, and this client does not";
        return Error::new(ErrorKind::Tls, text).with_source(error);
    }
    explain(error, first, transport, protocol)
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
