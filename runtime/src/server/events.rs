//! What a server tells the log. Nothing at all without the feature `tracing`.
//!
//! Peers decide how often connections are refused or fail, and how often datagrams make no sense; the
//! system how often `accept` fails. Of each kind of these there is a line every five seconds at most, which says how many it stands for;
//! of failed connections there may be a few, one of each fault.

#![cfg_attr(
    not(feature = "tracing"),
    allow(unused_variables, reason = "there is no log to tell")
)]

use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Error;
use crate::peer::Peer;
use crate::server::counters;
use crate::server::datagrams::{DatagramFault, FAULTS};

const LINE_EVERY: Duration = Duration::from_secs(5);

/// So many faults of a kind have lines of their own in that time.
const FAULTS_MAX: usize = 4;

/// By so many letters of its sentence a fault is told from others: peers decide about the rest.
const FAULT_LETTERS: usize = 24;

/// Behind these words stands what is wrong with a head or a frame, and so many letters tell that.
const WHY: &str = "makes no sense: ";
const WHY_LETTERS: usize = 12;

/// The lines that are rationed.
#[derive(Default)]
pub(super) struct Events {
    refused: Ration,
    accept_failed: Ration,
    /// Of each fault.
    datagrams: [Ration; FAULTS.len()],
    /// Of each kind of error.
    failed: [Faults; counters::KINDS.len()],
}

impl Events {
    #[cold]
    pub(super) fn failed(&self, peer: &Peer, error: &Error) {
        let faults = &self.failed[counters::place_of(error.kind())];
        let times = faults.take(error.message(), Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            tracing::warn!(%peer, times, "connection closed: {error}");
        }
    }

    #[cold]
    pub(super) fn refused(&self, peer: &Peer, why: &str) {
        let times = self.refused.take(Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            tracing::warn!(%peer, times, "connection refused: {why}");
        }
    }

    #[cold]
    pub(super) fn accept_failed(&self, error: &io::Error) {
        let times = self.accept_failed.take(Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            tracing::error!(times, "cannot accept connections: {error}");
        }
    }

    #[cold]
    pub(super) fn receive_failed(&self, error: &io::Error) {
        let times = self.accept_failed.take(Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            tracing::error!(times, "cannot receive datagrams: {error}");
        }
    }

    #[cold]
    pub(super) fn datagram(&self, peer: &Peer, fault: DatagramFault, error: &Error) {
        let times = self.datagrams[fault.place()].take(Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            let fault = fault.name();
            tracing::warn!(%peer, fault, times, "datagram lost: {error}");
        }
    }
}

/// Calls that a file did not take.
#[derive(Default)]
pub(super) struct Unrecorded(Ration);

impl Unrecorded {
    #[cold]
    pub(super) fn tell(&self, error: &Error) {
        let times = self.0.take(Instant::now());
        #[cfg(feature = "tracing")]
        if let Some(times) = times {
            tracing::warn!(times, "call not recorded: {error}");
        }
    }
}

/// When there was the last line of a kind, and how often it has happened since.
#[derive(Default)]
struct Ration(Mutex<(Option<Instant>, u64)>);

impl Ration {
    /// How many times a line stands for that is due now, if one is.
    fn take(&self, now: Instant) -> Option<u64> {
        let mut ration = self.0.lock();
        let (last, times) = &mut *ration;
        *times += 1;
        if last.is_some_and(|last| now.saturating_duration_since(last) < LINE_EVERY) {
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(times))
    }
}

/// The same for a kind of which several faults have lines of their own.
#[derive(Default)]
struct Faults(Mutex<Told>);

#[derive(Default)]
struct Told {
    since: Option<Instant>,
    /// How the sentences began that were told since then.
    faults: Vec<String>,
    times: u64,
}

impl Faults {
    /// How many times a line about this one stands for, of whichever fault, if it is due now.
    fn take(&self, sentence: &str, now: Instant) -> Option<u64> {
        let fault = fault(sentence);
        let mut told = self.0.lock();
        told.times += 1;
        let recent = |since| now.saturating_duration_since(since) < LINE_EVERY;
        if !told.since.is_some_and(recent) {
            told.since = Some(now);
            told.faults.clear();
        } else if told.faults.len() >= FAULTS_MAX || told.faults.contains(&fault) {
            return None;
        }
        told.faults.push(fault);
        Some(std::mem::take(&mut told.times))
    }
}

/// What tells a fault from others.
fn fault(sentence: &str) -> String {
    let why = sentence.split_once(WHY).map_or("", |(_, why)| why);
    let start = sentence.chars().take(FAULT_LETTERS);
    start.chain(why.chars().take(WHY_LETTERS)).collect()
}

pub(super) fn opened(peer: &Peer) {
    #[cfg(feature = "tracing")]
    tracing::debug!(%peer, "connection opened");
}

pub(super) fn closed(peer: &Peer, why: impl Display) {
    #[cfg(feature = "tracing")]
    tracing::debug!(%peer, "connection closed: {why}");
}

pub(super) fn unreadable(error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!("an event of the file holds no message: {error}");
}

pub(super) fn panicked(peer: &Peer, method: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(%peer, method, "the processor panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_fault_is_not_silent() {
        let (faults, start) = (Faults::default(), Instant::now());
        let taken = |ms, sentence: &str| {
            let at = start + Duration::from_millis(ms);
            faults.take(sentence, at)
        };
        assert_eq!(taken(0, "no path"), Some(1));
        assert_eq!(taken(1, "no path"), None);
        assert_eq!(taken(2, "no method"), Some(2));
        assert_eq!(taken(3, "no method"), None);
        // Peers decide how many there are.
        let others = ["a", "b", "c", "d"].map(|fault| taken(4, fault));
        assert_eq!(others, [Some(2), Some(1), None, None]);
        assert_eq!(taken(5_000, "no path"), Some(3));
        assert_eq!(taken(5_001, "a"), Some(1));
        // Nor does what they put behind the same words.
        let words = "the peer sent a request for ";
        assert_eq!(taken(5_002, &format!("{words}/a")), Some(1));
        assert_eq!(taken(5_003, &format!("{words}/b")), None);
    }

    #[test]
    fn faults_of_heads_are_several() {
        for what in ["an HTTP head", "a request for a WebSocket"] {
            let (faults, now) = (Faults::default(), Instant::now());
            let taken = |why: &str| faults.take(&format!("{what} makes no sense: {why}"), now);
            assert_eq!(taken("it names no host"), Some(1));
            assert_eq!(taken("it has a body"), Some(1), "{what}");
            assert_eq!(taken("its length is x"), Some(1), "{what}");
            assert_eq!(taken("it names no host"), None);
            assert_eq!(taken("its length is y"), None);
        }
    }

    #[test]
    fn a_line_stands_for_those_that_were_left_out() {
        let (ration, start) = (Ration::default(), Instant::now());
        let taken = |ms| ration.take(start + Duration::from_millis(ms));
        assert_eq!(taken(0), Some(1));
        assert_eq!(taken(1), None);
        assert_eq!(taken(4_999), None);
        assert_eq!(taken(5_000), Some(3));
        assert_eq!(taken(9_999), None);
        assert_eq!(taken(60_000), Some(2));
        assert_eq!(taken(65_000), Some(1));
    }
}
