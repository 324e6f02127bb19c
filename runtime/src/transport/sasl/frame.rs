//! The messages of a negotiation: a status, a length of four bytes, and what the mechanisms say.

use crate::error::{Error, ErrorKind, Result};
use crate::transport::detect::{self, Foreign};

/// A message has no more bytes than so, without its status and length.
pub(super) const BYTES_MAX: usize = 64 * 1024;

const HEAD: usize = 5;

/// So much is shown of what a peer says.
const SHOWN: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Start,
    Ok,
    Bad,
    Error,
    Complete,
}

impl Status {
    fn of(byte: u8) -> Result<Self> {
        Ok(match byte {
            1 => Self::Start,
            2 => Self::Ok,
            3 => Self::Bad,
            4 => Self::Error,
            5 => Self::Complete,
            _ => {
                let text = format!("a SASL message has the status {byte}, which means nothing");
                return Err(Error::new(ErrorKind::Malformed, text));
            }
        })
    }

    fn byte(self) -> u8 {
        match self {
            Self::Start => 1,
            Self::Ok => 2,
            Self::Bad => 3,
            Self::Error => 4,
            Self::Complete => 5,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Ok => "OK",
            Self::Bad => "BAD",
            Self::Error => "ERROR",
            Self::Complete => "COMPLETE",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) status: Status,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first one in the bytes, and how many it takes. `None` while it is not whole.
    pub(super) fn read(raw: &'a [u8]) -> Result<Option<(Self, usize)>> {
        let Some(&first) = raw.first() else {
            return Ok(None);
        };
        let status = Status::of(first)?;
        let Some((&[_, length @ ..], rest)) = raw.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let declared = i32::from_be_bytes(length);
        let length = match usize::try_from(declared) {
            Ok(length) if length <= BYTES_MAX => length,
            Ok(_) => {
                let text =
                    format!("a SASL message declares {declared} bytes, more than {BYTES_MAX}");
                return Err(Error::new(ErrorKind::Limit, text));
            }
            Err(_) => {
                let text = format!("a SASL message declares a negative length, {declared}");
                return Err(Error::new(ErrorKind::Malformed, text));
            }
        };
        let payload = rest.get(..length);
        Ok(payload.map(|payload| (Self { status, payload }, HEAD + length)))
    }

    pub(super) fn new(status: Status, payload: &'a [u8]) -> Self {
        Self { status, payload }
    }

    /// Appends it.
    ///
    /// # Errors
    /// When it is too long.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let length = self.payload.len();
        match u32::try_from(length) {
            Ok(declared) if length <= BYTES_MAX => {
                out.push(self.status.byte());
                out.extend_from_slice(&declared.to_be_bytes());
                out.extend_from_slice(self.payload);
                Ok(())
            }
            _ => {
                let text = format!("a SASL message of {length} bytes is more than {BYTES_MAX}");
                Err(Error::new(ErrorKind::Limit, text))
            }
        }
    }

    /// What a message says that ends it, for people.
    pub(super) fn words(&self) -> String {
        let text = String::from_utf8_lossy(self.payload);
        let text = shown(text.trim());
        if text.is_empty() {
            "without a word".to_owned()
        } else {
            text
        }
    }
}

/// Whether the bytes of a peer that has sent nothing before begin a message with one of these statuses;
/// `false` while that cannot be told.
///
/// # Errors
/// When they do not. It names what they look like.
pub(super) fn begins_well(raw: &[u8], peer: &str, statuses: &[u8]) -> Result<bool> {
    match raw {
        [] => return Ok(false),
        [first, ..] if statuses.contains(first) => return Ok(true),
        _ if raw.len() < detect::BYTES => return Ok(false),
        _ => {}
    }
    let first = &raw[..detect::BYTES];
    let text = match detect::without_sasl(first) {
        Some(what) => format!("the {peer} seems to speak {what}, without SASL"),
        None => format!(
            "what the {peer} sent, {}, is not SASL",
            first.escape_ascii()
        ),
    };
    Err(Error::new(ErrorKind::Malformed, text).with_source(Foreign))
}

/// What a peer has written, without what could upset a log.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A failed expectation is a failed test.
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_a_message_is_waited_for() {
        let bytes = b"\x02\0\0\0\x03abcrest";
        for end in 0..8 {
            assert_eq!(Frame::read(&bytes[..end]).unwrap(), None, "{end}");
        }
        let frame = Frame::new(Status::Ok, b"abc");
        assert_eq!(Frame::read(&bytes[..8]).unwrap(), Some((frame, 8)));
        let (frame, taken) = Frame::read(bytes).unwrap().unwrap();
        let mut out = Vec::new();
        frame.write(&mut out).unwrap();
        assert_eq!((&out[..], taken), (&bytes[..8], 8));
    }

    #[test]
    fn lengths_are_judged_before_anything_follows_them() {
        for (length, kind) in [
            (-1, ErrorKind::Malformed),
            (i32::MIN, ErrorKind::Malformed),
            (65_537, ErrorKind::Limit),
            (i32::MAX, ErrorKind::Limit),
        ] {
            let bytes = [&[1][..], &length.to_be_bytes()].concat();
            assert_eq!(Frame::read(&bytes).unwrap_err().kind(), kind, "{length}");
        }
        let most = [&b"\x01\0\x01\0\0"[..], &vec![7; BYTES_MAX]].concat();
        let (frame, _) = Frame::read(&most).unwrap().unwrap();
        assert_eq!(frame.payload.len(), BYTES_MAX);
        frame.write(&mut Vec::new()).unwrap();
        let more = Frame::new(Status::Ok, &most);
        assert!(more.write(&mut Vec::new()).is_err());
    }

    #[test]
    fn other_statuses_mean_nothing() {
        for status in [0, 6, 0x16, b'G', 0xff] {
            assert!(Frame::read(&[status]).is_err(), "{status}");
        }
    }

    #[test]
    fn words_of_peers_stay_in_one_line() {
        let long = [b"a\n\xff", &[b'x'; 900][..]].concat();
        let words = Frame::new(Status::Bad, &long).words();
        assert!(words.starts_with("a\\n\u{fffd}xx"), "{words}");
        assert_eq!(words.chars().count(), SHOWN + 1);
        assert_eq!(Frame::new(Status::Bad, b" ").words(), "without a word");
    }
}
