//! What stands before a body.

use std::fmt::Display;

use httparse::{Header, Status};

use super::{FIELDS_MAX, HEAD_BYTES_MAX};
use crate::error::{Error, ErrorKind, Result};

/// What a head says of the message that it begins.
#[derive(Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is said or not")]
pub(in crate::transport) struct Head {
    /// The method and the target of a request.
    pub(in crate::transport) target: Option<(String, String)>,
    /// The status of a response, and what it is called.
    pub(in crate::transport) status: Option<(u16, String)>,
    pub(in crate::transport) length: Option<u64>,
    pub(in crate::transport) chunked: bool,
    /// The connection ends behind the message.
    pub(super) close: bool,
    /// The peer waits for `100 Continue`.
    pub(super) expects: bool,
    /// It is of HTTP/1.0.
    pub(in crate::transport) is_old: bool,
}

impl Head {
    /// That of a request, and how many bytes it has. `None` while it is not whole. `field` sees each of
    /// its fields.
    ///
    /// # Errors
    /// When it makes no sense, or is too large.
    pub(in crate::transport) fn request_with(
        raw: &[u8],
        field: impl FnMut(&str, &[u8]),
    ) -> Result<Option<(Self, usize)>> {
        check_start(raw)?;
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        let Some(bytes) = whole(request.parse(raw), raw)? else {
            return Ok(None);
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mut head = Self {
            target: Some((text(request.method), text(request.path))),
            ..Self::default()
        };
        head.read(request.version, request.headers, field)?;
        Ok(Some((head, bytes)))
    }

    /// The same of a response.
    ///
    /// # Errors
    /// The same.
    pub(in crate::transport) fn response_with(
        raw: &[u8],
        field: impl FnMut(&str, &[u8]),
    ) -> Result<Option<(Self, usize)>> {
        check_start(raw)?;
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let Some(bytes) = whole(response.parse(raw), raw)? else {
            return Ok(None);
        };
        let reason = response.reason.unwrap_or_default().to_owned();
        let mut head = Self {
            status: Some((response.code.unwrap_or(0), reason)),
            ..Self::default()
        };
        head.read(response.version, response.headers, field)?;
        Ok(Some((head, bytes)))
    }

    fn read(
        &mut self,
        version: Option<u8>,
        fields: &[Header<'_>],
        mut field: impl FnMut(&str, &[u8]),
    ) -> Result<()> {
        let (mut close, mut keep) = (false, false);
        for Header { name, value } in fields {
            field(name, value);
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("content-length") {
                let length = length(value)?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(malformed("it has two lengths"));
                }
                self.length = Some(length);
            } else if is("transfer-encoding") {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    let text = format!("the transfer encoding is {}", shown(value));
                    return Err(malformed(&text));
                }
                self.chunked = true;
            } else if is("connection") {
                let mut options = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                close |= options
                    .clone()
                    .any(|option| option.eq_ignore_ascii_case(b"close"));
                keep |= options.any(|option| option.eq_ignore_ascii_case(b"keep-alive"));
            } else if is("expect") {
                self.expects = value.eq_ignore_ascii_case(b"100-continue");
            }
        }
        // HTTP/1.0 ends the connection unless something else is said, and has no chunks.
        self.is_old = version == Some(0);
        self.close = close || (self.is_old && !keep);
        if self.is_old && self.chunked {
            return Err(malformed("it is of HTTP/1.0, and chunked"));
        }
        // Two ends that take different ones of the two could be made to see different messages.
        if self.chunked && self.length.is_some() {
            return Err(malformed("it is chunked, and has a length"));
        }
        Ok(())
    }
}

/// The path that a target means, without what follows a `?`. A target may be a whole URL, as for proxies, and a
/// server has to take that (RFC 9112, section 3.2.2).
pub(in crate::transport) fn path_of(target: &str) -> &str {
    let is_scheme = |text: &str| {
        let other = |byte: u8| byte.is_ascii_digit() || b"+-.".contains(&byte);
        let mut bytes = text.bytes();
        bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphabetic() || other(byte))
    };
    let target = match target.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => match rest.find(['/', '?', '#']) {
            Some(at) if rest[at..].starts_with('/') => &rest[at..],
            _ => "/",
        },
        _ => target,
    };
    target.split('?').next().unwrap_or_default()
}

/// Some clients send a line break behind a body. More than one would never have to end.
fn check_start(raw: &[u8]) -> Result<()> {
    match raw.strip_prefix(b"\r\n").unwrap_or(raw) {
        [b'\n', ..] | [b'\r', b'\n', ..] => Err(malformed("there are empty lines before it")),
        _ => Ok(()),
    }
}

/// Refuses lines that end with a line feed alone. RFC 9112 (section 2.2) lets a recipient take these, but who
/// does not could be made to see other fields, or another end.
///
/// # Errors
/// That.
pub(super) fn check_breaks(lines: &[u8]) -> Result<()> {
    let bare = |at: usize| lines[at] == b'\n' && (at == 0 || lines[at - 1] != b'\r');
    if (0..lines.len()).any(bare) {
        return Err(malformed("a line ends without a carriage return"));
    }
    Ok(())
}

fn whole(
    parsed: std::result::Result<Status<usize>, httparse::Error>,
    raw: &[u8],
) -> Result<Option<usize>> {
    match parsed {
        Ok(Status::Complete(bytes)) if bytes <= HEAD_BYTES_MAX => {
            check_breaks(&raw[..bytes])?;
            Ok(Some(bytes))
        }
        Ok(Status::Partial) if raw.len() <= HEAD_BYTES_MAX => Ok(None),
        Ok(_) => {
            let text = format!("an HTTP head has more than {HEAD_BYTES_MAX} bytes");
            Err(Error::new(ErrorKind::Limit, text))
        }
        Err(httparse::Error::TooManyHeaders) => {
            let text = format!("an HTTP head has more than {FIELDS_MAX} fields");
            Err(Error::new(ErrorKind::Limit, text))
        }
        Err(error) => {
            let first = &raw[..raw.len().min(8)];
            let text = format!(
                "what begins with {} is no HTTP/1: {error}",
                first.escape_ascii()
            );
            Err(Error::new(ErrorKind::Malformed, text).with_source(error))
        }
    }
}

fn length(value: &[u8]) -> Result<u64> {
    let digits = std::str::from_utf8(value).ok();
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.ok_or_else(|| malformed(&format!("its length is {}", shown(value))))
}

/// The beginning of a value, which may be as long as a head.
fn shown(value: &[u8]) -> impl Display {
    value[..value.len().min(32)].escape_ascii()
}

/// What is wrong with a head.
#[cold]
pub(super) fn malformed(text: &str) -> Error {
    let text = format!("an HTTP head makes no sense: {text}");
    Error::new(ErrorKind::Malformed, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_be_a_whole_url() {
        for (target, path) in [
            ("/", "/"),
            ("/svc", "/svc"),
            ("/svc?a=b", "/svc"),
            ("/?to=http://x/svc", "/"),
            ("/to/http://x/svc", "/to/http://x/svc"),
            ("http://x/svc", "/svc"),
            ("HTTPS://x:8443/svc?a=http://y/z", "/svc"),
            ("http://x/", "/"),
            ("http://x", "/"),
            ("http://x?a=/svc", "/"),
            ("*", "*"),
            ("x:80", "x:80"),
        ] {
            assert_eq!(path_of(target), path, "{target}");
        }
    }
}
