//! The one error type of the runtime.
//!
//! It is a pointer wide, because results of a decoder pass it up through every level: a fat error
//! costs a quarter of the decoding speed. Text is put together only when someone asks for it.

mod application;
mod path;
mod words;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Instant;
use std::{fmt, io};

pub use application::ApplicationCode;
pub(crate) use path::Step;
pub(crate) use words::words;

/// A result with Seapink's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and whose fault it is.
///
/// `Display` gives one line: what was being read and where in the schema and in the bytes
/// (`Order.items[17].name (#2) at byte 431: …`) or, for an application exception, its code and the
/// peer's own words (`unknown method: …`); [`message`](Self::message) is those words alone.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    path: Vec<Step>,
    offset: Option<usize>,
    delivery: Delivery,
    retry_at: Option<Instant>,
    /// Found when an element of a view was read.
    late: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of errors, sorted by whose fault they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The peer: the bytes end inside a value.
    Truncated,
    /// The peer: the bytes are not what the protocol allows.
    Malformed,
    /// The peer, or a bound set too low: one of [`Limits`](crate::Limits) was passed.
    Limit,
    /// The peer: a `required` field is absent.
    MissingField,
    /// The peer: it answered a call with an application exception.
    Application(ApplicationCode),
    /// The peer, or what is trusted here: the two ends do not agree on TLS, or one of them does not
    /// accept the other's certificate. Without the feature `tls`: only the peer speaks it.
    Tls,
    /// The peer: by [SASL](crate::transport::sasl) it does not let in who calls or, on a server, is
    /// not let in.
    Denied,
    /// The peer or the network: the connection ended.
    Closed,
    /// The peer or the network: it took longer than the time-out in force.
    Timeout,
    /// The peer, or the bounds of this client: there is too much to do, and the call was not run.
    Overloaded,
    /// The program: the call was given up.
    Cancelled,
    /// The operating system refused.
    Io,
    /// The program: a configuration that cannot be used.
    Config,
    /// The handler: an error that its function does not declare.
    Handler,
}

/// Whether a call can have reached the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Not a call, or not known.
    #[default]
    Unknown,
    /// No byte of the call left this process: calling again is safe.
    NotSent,
    /// Some or all of it was sent: the server may have run it.
    Sent,
}

impl Error {
    /// An error of a kind, with what happened in a few words.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            path: Vec::new(),
            offset: None,
            delivery: Delivery::Unknown,
            retry_at: None,
            late: false,
            source: None,
        }))
    }

    /// For a handler that fails in a way that its function does not declare.
    ///
    /// The peer is told `external` and nothing else; `source` goes to the log.
    #[cold]
    pub fn handler(
        external: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Handler, external).with_source(source)
    }

    /// An application exception: what a client gets when the server answers with one, and what a
    /// handler may return to choose the code that its client sees.
    #[cold]
    pub fn application(code: ApplicationCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Application(code), message)
    }

    /// What a client makes of an application exception.
    #[cold]
    pub(crate) fn from_peer(code: i32, message: String) -> Self {
        match ApplicationCode(code) {
            ApplicationCode::OVERLOADED => Self::new(ErrorKind::Overloaded, message),
            code => Self::application(code, message),
        }
    }

    /// The same error, caused by another.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, at an offset of the message.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset);
        self
    }

    pub(crate) fn set_delivery(&mut self, delivery: Delivery) {
        self.0.delivery = delivery;
    }

    /// The same error, with what is known of the call's delivery.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// The same error, with when to try again.
    pub(crate) fn with_retry_at(mut self, at: Instant) -> Self {
        self.0.retry_at = Some(at);
        self
    }

    /// The same error, seen one level further out.
    #[cold]
    #[inline(never)]
    pub(crate) fn within(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }

    /// The same error, found when an element of a view was read.
    #[cold]
    pub(crate) fn late(mut self) -> Self {
        self.0.late = true;
        self
    }

    pub(crate) fn is_late(&self) -> bool {
        self.0.late
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The offset into the message at which decoding stopped.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The place in the schema, as `Order.items[17].name (#2)`; `None` outside of decoding.
    pub fn path(&self) -> Option<String> {
        (!self.0.path.is_empty()).then(|| path::Path(&self.0.path).to_string())
    }

    /// Whether the call that failed can have reached the server.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// When a call may be tried again, if that is known: the server could not be reached, and before
    /// then its client does not try to connect.
    pub fn retry_at(&self) -> Option<Instant> {
        self.0.retry_at
    }

    /// Whether the same call may well succeed later, and has not run: it was never sent, or the
    /// server says that it was too busy. What is wrong with the call itself is not retryable, and
    /// neither is what the server may have run, unless the function may be run twice.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Overloaded => true,
            ErrorKind::Closed | ErrorKind::Timeout | ErrorKind::Io => {
                self.0.delivery == Delivery::NotSent
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            message,
            path,
            offset,
            ..
        } = &*self.0;
        if !path.is_empty() {
            write!(f, "{}", path::Path(path))?;
        }
        if let Some(offset) = offset {
            write!(
                f,
                "{}at byte {offset}",
                if path.is_empty() { "" } else { " " }
            )?;
        }
        if !path.is_empty() || offset.is_some() {
            f.write_str(": ")?;
        }
        match kind {
            ErrorKind::Overloaded => write!(f, "overloaded: {message}"),
            ErrorKind::Application(code) => {
                let code = code.to_string();
                match message.get(..code.len()) {
                    _ if message.is_empty() => f.write_str(&code),
                    // Many servers say "Internal error"; nobody needs to hear it twice.
                    Some(start) if start.eq_ignore_ascii_case(&code) => f.write_str(message),
                    _ => write!(f, "{code}: {message}"),
                }
            }
            _ => f.write_str(message),
        }
    }
}

/// The sentence, and its cause where that says more: what a program shows whose `main` returns the
/// error. `{:#?}` shows the parts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("kind", &self.0.kind)
                .field("message", &format_args!("{self}"))
                .field("delivery", &self.0.delivery)
                .field("source", &self.0.source)
                .finish();
        }
        write!(f, "{self}")?;
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !self.0.message.contains(&text) {
                write!(f, " (caused by: {text})")?;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Time-outs and closed connections keep their own kinds, and an [`Error`] inside is that error; the
/// rest is [`ErrorKind::Io`].
impl From<io::Error> for Error {
    #[cold]
    fn from(error: io::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(error) => return error,
            Err(error) => error,
        };
        let (kind, message): (_, Cow<'static, str>) = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                (ErrorKind::Timeout, "timed out".into())
            }
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => (
                ErrorKind::Closed,
                format!("connection ended: {}", words(&error)).into(),
            ),
            _ => (ErrorKind::Io, words(&error).into()),
        };
        Self::new(kind, message).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), 8);
        assert_eq!(size_of::<Result<()>>(), 8);
    }

    #[test]
    fn says_where_in_the_schema_and_in_the_bytes() {
        let error = Error::new(ErrorKind::Truncated, "message ends inside a string")
            .at(431)
            .within(Step::Field {
                owner: "Item",
                name: "name",
                id: 2,
            })
            .within(Step::Index(17))
            .within(Step::Field {
                owner: "Order",
                name: "items",
                id: 4,
            });
        assert_eq!(
            error.to_string(),
            "Order.items[17].name (#2) at byte 431: message ends inside a string"
        );
    }

    #[test]
    fn the_code_of_an_application_exception_is_said_once() {
        for (text, expected) in [
            ("try later", "internal error: try later"),
            ("", "internal error"),
            ("internal error", "internal error"),
            (
                "Internal error processing add",
                "Internal error processing add",
            ),
            ("internal é", "internal error: internal é"),
        ] {
            let error = Error::application(ApplicationCode::INTERNAL_ERROR, text);
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.message(), text);
        }
    }

    #[test]
    fn debug_is_a_sentence_with_what_else_is_known() {
        let error = Error::handler("try later", io::Error::other("disk full"));
        assert_eq!(format!("{error:?}"), "try later (caused by: disk full)");
        let error = Error::from(io::Error::other("disk full"));
        assert_eq!(format!("{error:?}"), "disk full");
        assert!(format!("{error:#?}").contains("kind: Io"));
    }

    /// The table in `docs/errors.md`.
    #[test]
    fn what_is_retryable() {
        let deliveries = [Delivery::NotSent, Delivery::Sent, Delivery::Unknown];
        let application = |code| ErrorKind::Application(code);
        for (kind, expected) in [
            (ErrorKind::Closed, [true, false, false]),
            (ErrorKind::Timeout, [true, false, false]),
            (ErrorKind::Io, [true, false, false]),
            (ErrorKind::Overloaded, [true, true, true]),
            (ErrorKind::Truncated, [false; 3]),
            (ErrorKind::Malformed, [false; 3]),
            (ErrorKind::Limit, [false; 3]),
            (ErrorKind::MissingField, [false; 3]),
            (application(ApplicationCode::TIMEOUT), [false; 3]),
            (application(ApplicationCode::INTERNAL_ERROR), [false; 3]),
            (ErrorKind::Denied, [false; 3]),
            (ErrorKind::Cancelled, [false; 3]),
            (ErrorKind::Config, [false; 3]),
            (ErrorKind::Handler, [false; 3]),
        ] {
            let found = deliveries.map(|it| Error::new(kind, "").with_delivery(it).is_retryable());
            assert_eq!(found, expected, "{kind:?}");
        }
        assert!(Error::from_peer(11, String::new()).is_retryable());
    }

    #[test]
    fn keeps_its_source() {
        let error = Error::handler("try later", io::Error::other("disk full"));
        assert_eq!(error.to_string(), "try later");
        assert_eq!(
            StdError::source(&error).map(ToString::to_string),
            Some("disk full".into())
        );
    }
}
