//! What a server tells the log. Nothing at all without the feature `tracing`.

#![cfg_attr(
    not(feature = "tracing"),
    allow(unused_variables, reason = "there is no log to tell")
)]

use std::fmt::Display;
use std::io;

use crate::error::Error;
use crate::peer::Peer;

pub(super) fn opened(peer: &Peer) {
    #[cfg(feature = "tracing")]
    tracing::debug!(%peer, "connection opened");
}

pub(super) fn closed(peer: &Peer, why: impl Display) {
    #[cfg(feature = "tracing")]
    tracing::debug!(%peer, "connection closed: {why}");
}

pub(super) fn failed(peer: &Peer, error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%peer, "connection closed: {error}");
}

pub(super) fn refused(peer: &Peer, why: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%peer, "connection refused: {why}");
}

pub(super) fn accept_failed(error: &io::Error, times: u64) {
    #[cfg(feature = "tracing")]
    tracing::error!(times, "cannot accept connections: {error}");
}

pub(super) fn unreadable(error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!("an event of the file holds no message: {error}");
}

pub(super) fn panicked(peer: &Peer, method: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(%peer, method, "the processor panicked");
}
