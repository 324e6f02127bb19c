//! Fields of heads, as headers of calls and replies.
//!
//! Between the layer and what cuts messages above it, they are the lines of a head. The layer hands up
//! a frame of them behind that of each message, where it leaves what the first bytes of a connection
//! show; it is handed one before a message that has some.

use super::{FIELDS_MAX, HEAD_BYTES_MAX};
use crate::envelope::Headers;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::field::{is_meaningful, is_token};

/// Of the fields and bytes that a head may have, these are for what is no header of a call.
const OTHERS_MAX: usize = 16;
const OTHERS_BYTES_MAX: usize = 8 * 1024;

const BREAK: &[u8] = b"\r\n";
const COLON: &[u8] = b": ";

/// Those of a head that arrives, but for its own.
#[derive(Default)]
pub(super) struct Fields(Headers);

impl Fields {
    /// One of them. Names are the same in capitals; values of the same name are a list.
    pub(super) fn note(&mut self, name: &str, value: &[u8]) {
        let name = name.to_ascii_lowercase();
        if is_own(&name) {
            return;
        }
        match self.0.get_bytes(&name) {
            Some(others) => self.0.set(&name, [others, value].join(&b", "[..])),
            None => self.0.set(name, value),
        }
    }

    /// The lines of a head.
    pub(super) fn lines(&self) -> Vec<u8> {
        let lines = self.0.iter().map(|(name, value)| line(name, value));
        lines.collect::<Vec<_>>().concat()
    }
}

/// Headers that leave, as lines of a head. Of names that differ in capitals only, the last counts.
///
/// # Errors
/// When one of them cannot stand there, or they are too many or too large.
pub(super) fn lines_of(headers: &Headers) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (index, (name, value)) in headers.iter().enumerate() {
        let is_again = |(later, _): (&[u8], &[u8])| later.eq_ignore_ascii_case(name);
        if headers.iter().skip(index + 1).any(is_again) {
            continue;
        }
        let text = std::str::from_utf8(name).unwrap_or_default();
        let why = if !is_token(text) {
            "has a name that cannot stand in an HTTP head"
        } else if is_own(&text.to_ascii_lowercase()) {
            "has a name that HTTP uses itself"
        } else if !is_value(value) {
            "has a value that cannot stand in an HTTP head"
        } else {
            lines.extend(line(name, value));
            continue;
        };
        let text = format!("the header `{}` {why}", name.escape_ascii());
        return Err(Error::new(ErrorKind::Config, text));
    }
    let (count, bytes) = (headers.len(), lines.len());
    let (count_max, bytes_max) = (FIELDS_MAX - OTHERS_MAX, HEAD_BYTES_MAX - OTHERS_BYTES_MAX);
    if count > count_max || bytes > bytes_max {
        let text = format!(
            "{count} headers of {bytes} bytes are more than {count_max}, or than {bytes_max} bytes"
        );
        return Err(Error::new(ErrorKind::Limit, text));
    }
    Ok(lines)
}

/// The headers that such lines are.
pub(super) fn headers_of(lines: &[u8]) -> Headers {
    let mut headers = Headers::new();
    let mut rest = lines;
    while let Some((line, others)) = split(rest, BREAK) {
        if let Some((name, value)) = split(line, COLON) {
            headers.set(name, value);
        }
        rest = others;
    }
    headers
}

/// Whether one of such lines is of this name.
pub(super) fn has(lines: &[u8], name: &str) -> bool {
    let mut rest = lines;
    while let Some((line, others)) = split(rest, BREAK) {
        if split(line, COLON).is_some_and(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes())) {
            return true;
        }
        rest = others;
    }
    false
}

/// Whether it ends no line, does nothing to a terminal, and arrives as it is.
fn is_value(value: &[u8]) -> bool {
    let is_fine = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    value.iter().all(is_fine) && value.trim_ascii().len() == value.len()
}

/// Whether a header can leave.
pub(super) fn can_leave(name: &str, value: &str) -> bool {
    is_token(name) && !is_own(&name.to_ascii_lowercase()) && is_value(value.as_bytes())
}

/// Whether a head says it of itself, of the connection or of the body.
fn is_own(name: &str) -> bool {
    is_meaningful(name) || ["accept", "content-type", "host"].contains(&name)
}

fn line(name: &[u8], value: &[u8]) -> Vec<u8> {
    [name, COLON, value, BREAK].concat()
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|part| part == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}
