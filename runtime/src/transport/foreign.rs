//! Names what a peer speaks, when it is not what this connection speaks.

use std::fmt;

use crate::error::Error;

/// Says in an error what the first bytes of the stream look like, if they look like anything but
/// what this connection speaks.
///
/// Only for the first message of a connection: later, bytes that look like HTTP are data.
#[cold]
pub(crate) fn explain(error: Error, first: &[u8], transport: &str, protocol: &str) -> Error {
    let what = match name(first) {
        Some(Foreign::Thrift(other, framing)) if (other, framing) == (protocol, transport) => {
            return error;
        }
        Some(foreign) => foreign,
        None => return error,
    };
    let text = format!("{error}; the peer seems to speak {what}");
    Error::new(error.kind(), text).with_source(error)
}

/// What the first bytes of a stream that should be TLS look like.
#[cfg(feature = "tls")]
#[cold]
pub(super) fn without_tls(first: &[u8]) -> Option<String> {
    let foreign = name(first).filter(|foreign| *foreign != Foreign::Stranger("TLS"));
    foreign.map(|foreign| foreign.to_string())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Foreign {
    Stranger(&'static str),
    /// A protocol and a transport.
    Thrift(&'static str, &'static str),
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger(what) => f.write_str(what),
            Self::Thrift(protocol, framing) => {
                write!(f, "the {protocol} protocol over the {framing} transport")
            }
        }
    }
}

const HTTP: [&[u8]; 10] = [
    b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"DELE", b"PATC", b"CONN", b"TRAC", b"HTTP",
];

fn name(first: &[u8]) -> Option<Foreign> {
    let start = first.get(..4)?;
    Some(match start {
        b"PRI " => Foreign::Stranger("HTTP/2"),
        _ if HTTP.contains(&start) => Foreign::Stranger("HTTP"),
        b"SSH-" => Foreign::Stranger("SSH"),
        b"EHLO" | b"HELO" => Foreign::Stranger("SMTP"),
        // A handshake, or an alert.
        [0x15 | 0x16, 3, ..] => Foreign::Stranger("TLS"),
        [3, 0, ..] => Foreign::Stranger("RDP"),
        [0, _, _, _] => Foreign::Thrift(protocol(&first[4..])?, "framed"),
        _ => Foreign::Thrift(protocol(first)?, "buffered"),
    })
}

fn protocol(message: &[u8]) -> Option<&'static str> {
    Some(match message {
        [0x80, 1, ..] => "binary",
        [0x82, ..] => "compact",
        [b'[', b'1', b',', ..] => "json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn names_what_knocks_at_a_thrift_port() {
        use Foreign::{Stranger, Thrift};

        for (first, expected) in [
            (&b"GET / HTTP/1.1\r\n"[..], Some(Stranger("HTTP"))),
            (b"PRI * HTTP/2.0", Some(Stranger("HTTP/2"))),
            (b"\x16\x03\x01\x02\x00\x01", Some(Stranger("TLS"))),
            (b"\x15\x03\x03\0\x02\x02\x0a", Some(Stranger("TLS"))),
            (b"SSH-2.0-OpenSSH", Some(Stranger("SSH"))),
            (b"\x03\x00\x00\x13\x0e", Some(Stranger("RDP"))),
            (b"\x80\x01\x00\x01", Some(Thrift("binary", "buffered"))),
            (b"[1,\"a\"", Some(Thrift("json", "buffered"))),
            (b"\0\0\0\x20\x82\x21", Some(Thrift("compact", "framed"))),
            (b"GET", None),
            (b"\0\0\0\x20\0\0\0\x03", None),
            (b"lorem ipsum", None),
        ] {
            assert_eq!(name(first), expected);
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
}
