//! Why calls are not run, or have no answer, and what their callers are told instead.

use std::borrow::Cow;

use crate::error::ApplicationCode;

/// Why a call is answered with an application exception instead of being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    QueueFull,
    QueuedTooLong,
    ShuttingDown,
}

impl Refusal {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::QueueFull => "the server's queue is full",
            Self::QueuedTooLong => "the call has waited for queue_ms",
            Self::ShuttingDown => "the server is shutting down",
        }
    }
}

/// What the peer is told of a call without an answer.
pub(super) struct Unanswered {
    pub(super) code: ApplicationCode,
    pub(super) text: Cow<'static, str>,
}

impl Unanswered {
    pub(super) fn internal(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: ApplicationCode::INTERNAL_ERROR,
            text: text.into(),
        }
    }

    pub(super) fn expired() -> Self {
        Self {
            code: ApplicationCode::TIMEOUT,
            text: "the time of the call was over before it could be run".into(),
        }
    }
}
