//! What stands around a message besides its bytes, where a transport carries it.

use std::fmt;
use std::str;
use std::sync::Arc;

use parking_lot::Mutex;

/// The header with the time that is left for a call, in milliseconds; as fbthrift calls it.
pub(crate) const TIMEOUT: &str = "client_timeout";

/// Names with values, as the transports `header` and `http` carry them beside a message.
///
/// Names are compared letter by letter, and a name has one value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Bytes, Bytes)>);

type Bytes = Box<[u8]>;

impl Headers {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there is a name that differs in capitals at most.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is_it = |(own, _): &(Bytes, Bytes)| own.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().any(is_it)
    }

    /// The value of a name, if that is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.get_bytes(name)?).ok()
    }

    /// The value of a name.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(own, _)| **own == *name.as_bytes());
        found.map(|(_, value)| &**value)
    }

    /// Gives a name a value, instead of the one that it has.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.as_ref(), value.as_ref());
        match self.0.iter_mut().find(|(own, _)| **own == *name) {
            Some((_, own)) => *own = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
    }

    /// Takes a name and its value away.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        self.0.retain(|(own, _)| **own != *name.as_ref());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (text(name), text(value))))
            .finish()
    }
}

/// What stood around a message, so that its answer can be put into the same.
#[derive(Debug)]
#[non_exhaustive]
pub struct Envelope {
    /// What the message is in, by name, if the transport says so.
    pub protocol: Option<&'static str>,
    /// That of the envelope; messages have their own.
    pub sequence_id: u32,
    /// What came beside the message.
    pub headers: Headers,
    /// For the transport that has made it.
    pub form: u32,
    /// Whether its answer carries headers.
    pub answers_carry_headers: bool,
    /// Whether its answer can carry this one.
    can_carry: fn(&str, &str) -> bool,
    /// What goes beside its answer.
    reply: Mutex<Headers>,
}

impl Envelope {
    /// One without headers.
    pub fn new(protocol: Option<&'static str>, sequence_id: u32, form: u32) -> Self {
        Self {
            protocol,
            sequence_id,
            headers: Headers::new(),
            form,
            answers_carry_headers: true,
            can_carry: |_, _| true,
            reply: Mutex::default(),
        }
    }

    /// The same for a message whose answer carries none.
    #[must_use]
    pub fn without_reply_headers(mut self) -> Self {
        self.answers_carry_headers = false;
        self
    }

    /// The same for a message whose answer carries only those headers of which this says so.
    #[must_use]
    pub fn with_reply_headers(mut self, can_carry: fn(&str, &str) -> bool) -> Self {
        self.can_carry = can_carry;
        self
    }

    /// The same with headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// How long the caller waits, in milliseconds, if it says so.
    pub(crate) fn timeout_ms(&self) -> Option<u64> {
        let ms = self.headers.get(TIMEOUT)?.parse().ok();
        // As fbthrift writes it where there is no bound.
        ms.filter(|ms| *ms > 0)
    }

    /// What goes beside its answer.
    pub fn reply_headers(&self) -> Headers {
        self.reply.lock().clone()
    }

    pub(crate) fn set_reply_header(&self, name: &str, value: &str) -> bool {
        let carried = self.answers_carry_headers && (self.can_carry)(name, value);
        if carried {
            self.reply.lock().set(name, value);
        }
        carried
    }

    /// Forgets what goes beside its answer, since that cannot be sent.
    pub(crate) fn drop_reply_headers(&self) {
        *self.reply.lock() = Headers::new();
    }
}

/// By what came, whatever goes beside the answer.
impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| (it.protocol, it.sequence_id, it.form);
        parts(self) == parts(other) && self.headers == other.headers
    }
}

impl Eq for Envelope {}

/// Where the headers of a reply are left.
pub(crate) type ReplyHeaders = Arc<Mutex<Headers>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_value_and_need_not_be_text() {
        let mut headers = Headers::new();
        headers.set("a", "1");
        headers.set([0xff], [0xfe]);
        headers.set("b", [0xff]);
        headers.set("a", "2");
        assert_eq!(headers.len(), 3);
        assert_eq!(headers.get("a"), Some("2"));
        assert_eq!(
            (headers.get("b"), headers.get_bytes("b")),
            (None, Some(&[0xff][..]))
        );
        assert_eq!(headers.get("A"), None);
        assert_eq!(
            format!("{headers:?}"),
            r#"{"a": "2", "\\xff": "\\xfe", "b": "\\xff"}"#
        );
    }
}
