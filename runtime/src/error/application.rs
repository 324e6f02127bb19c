//! The codes of `TApplicationException`.

use std::fmt;

/// The type of an application exception, as numbered by Apache Thrift (`TApplicationException`).
///
/// Codes that this version does not know are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApplicationCode(pub i32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        impl ApplicationCode {
            $($(#[$doc])* pub const $name: Self = Self($code);)*
        }

        impl fmt::Display for ApplicationCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $($code => f.write_str($text),)*
                    code => write!(f, "application exception {code}"),
                }
            }
        }
    };
}

codes! {
    /// No code that fits.
    UNKNOWN = 0, "application exception";
    /// The service has no such function.
    UNKNOWN_METHOD = 1, "unknown method";
    /// A message kind that does not belong here, such as a reply sent to a server.
    INVALID_MESSAGE_TYPE = 2, "invalid message type";
    /// A reply that names another function.
    WRONG_METHOD_NAME = 3, "wrong method name";
    /// A reply with the sequence id of another call.
    BAD_SEQUENCE_ID = 4, "bad sequence id";
    /// A reply without a result.
    MISSING_RESULT = 5, "missing result";
    /// The handler failed.
    INTERNAL_ERROR = 6, "internal error";
    /// The arguments or the result could not be read.
    PROTOCOL_ERROR = 7, "protocol error";
    /// A header transform that the server does not have.
    INVALID_TRANSFORM = 8, "invalid transform";
    /// A protocol that the server does not have.
    INVALID_PROTOCOL = 9, "invalid protocol";
    /// A kind of client that the server does not serve.
    UNSUPPORTED_CLIENT_TYPE = 10, "unsupported client type";
    /// The server has too much to do and has not run the call. As fbthrift numbers it; Apache's
    /// libraries show the text.
    OVERLOADED = 11, "overloaded";
    /// The time of the call was over before the server could run it. As fbthrift numbers it.
    TIMEOUT = 12, "timed out";
}
