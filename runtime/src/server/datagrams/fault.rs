//! What can be wrong with a datagram.

use crate::error::ErrorKind;

/// Why a datagram came to nothing, or its answer did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatagramFault {
    /// There is not a byte in it.
    Empty,
    /// It has more bytes than [`datagram_bytes_max`](crate::config::ServerUdp::datagram_bytes_max).
    TooLong,
    /// It looks like nothing that the server speaks.
    Foreign,
    /// It ends inside its message.
    CutShort,
    /// Something stands behind its message.
    Trailing,
    /// Its bytes are not what the protocol allows.
    Malformed,
    /// It is over one of the [limits](crate::Limits) of messages.
    Limit,
    /// It is an answer, which is not answered: two servers would answer each other for ever.
    NoCall,
    /// It was not run, since too many waited, for too long, or for a server that shuts down.
    Overloaded,
    /// Its answer is too large for
    /// [`answer_factor_max`](crate::config::ServerUdp::answer_factor_max) or for a datagram, and so would
    /// be the exception that says it.
    AnswerTooLarge,
    /// The system did not take its answer.
    AnswerNotSent,
}

pub(in crate::server) const FAULTS: [DatagramFault; 11] = [
    DatagramFault::Empty,
    DatagramFault::TooLong,
    DatagramFault::Foreign,
    DatagramFault::CutShort,
    DatagramFault::Trailing,
    DatagramFault::Malformed,
    DatagramFault::Limit,
    DatagramFault::NoCall,
    DatagramFault::Overloaded,
    DatagramFault::AnswerTooLarge,
    DatagramFault::AnswerNotSent,
];

impl DatagramFault {
    /// Its name among the [numbers](crate::server::ServerStats::named) of a server.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Foreign => "foreign",
            Self::CutShort => "cut_short",
            Self::Trailing => "trailing",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
            Self::NoCall => "no_call",
            Self::Overloaded => "overloaded",
            Self::AnswerTooLarge => "answer_too_large",
            Self::AnswerNotSent => "answer_not_sent",
        }
    }

    /// Where it is in [`FAULTS`].
    pub(in crate::server) fn place(self) -> usize {
        FAULTS.iter().position(|other| *other == self).unwrap_or(0)
    }

    /// That of a message that cannot be read.
    pub(super) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Truncated => Self::CutShort,
            ErrorKind::Limit => Self::Limit,
            _ => Self::Malformed,
        }
    }
}
