//! How often things happened.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::error::{ApplicationCode, ErrorKind};
use crate::processor::Outcome;
use crate::server::datagrams::{DatagramFault, FAULTS};

/// Codes that have names, which are counted one by one, and one place for all others.
const CODES: usize = 14;

/// Those that end connections. Errors of other kinds do not.
pub(super) const KINDS: [ErrorKind; 10] = [
    ErrorKind::Truncated,
    ErrorKind::Malformed,
    ErrorKind::Limit,
    ErrorKind::Closed,
    ErrorKind::Timeout,
    ErrorKind::Io,
    ErrorKind::Tls,
    ErrorKind::Denied,
    ErrorKind::Overloaded,
    ErrorKind::Handler,
];

#[derive(Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) foreign: AtomicU64,
    pub(super) accept_errors: AtomicU64,
    pub(super) bytes_read: AtomicU64,
    pub(super) bytes_written: AtomicU64,
    failed: [AtomicU64; KINDS.len()],
    pub(super) expired: AtomicU64,
    pub(super) datagrams: AtomicU64,
    faults: [AtomicU64; FAULTS.len()],
    pub(super) queued: AtomicUsize,
    running: AtomicUsize,
    replies: AtomicU64,
    exceptions: AtomicU64,
    oneways: AtomicU64,
    codes: [AtomicU64; CODES],
}

/// A call that is being run, until it is dropped.
pub(super) struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(counter: &AtomicU64, bytes: usize) {
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn running(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.running)
    }

    #[inline]
    pub(super) fn ended(&self, outcome: Outcome) {
        Self::add(match outcome {
            Outcome::Reply | Outcome::Declared => &self.replies,
            Outcome::Exception => &self.exceptions,
            Outcome::Silent => &self.oneways,
        });
    }

    pub(super) fn exception(&self, code: ApplicationCode) {
        Self::add(&self.codes[index_of(code)]);
    }

    pub(super) fn failed(&self, kind: ErrorKind) {
        Self::add(&self.failed[place_of(kind)]);
    }

    pub(super) fn datagram(&self, fault: DatagramFault) {
        Self::add(&self.faults[fault.place()]);
    }

    pub(super) fn read(&self, connections_open: usize) -> ServerStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let gauge = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let failed = self.failed.each_ref().map(get);
        let faults = self.faults.each_ref().map(get);
        ServerStats {
            connections_open: gauge(connections_open),
            connections_accepted: get(&self.accepted),
            connections_refused: get(&self.refused),
            connections_failed: failed.iter().sum(),
            connections_foreign: get(&self.foreign),
            accept_errors: get(&self.accept_errors),
            calls_expired: get(&self.expired),
            datagrams: get(&self.datagrams),
            datagrams_lost: faults.iter().sum(),
            calls_queued: gauge(self.queued.load(Ordering::Relaxed)),
            calls_running: gauge(self.running.load(Ordering::Relaxed)),
            replies: get(&self.replies),
            exceptions: get(&self.exceptions),
            oneways: get(&self.oneways),
            bytes_read: get(&self.bytes_read),
            bytes_written: get(&self.bytes_written),
            failed,
            faults,
            codes: self.codes.each_ref().map(get),
        }
    }
}

/// Where a kind is in [`KINDS`]; everything else is with the last one.
pub(super) fn place_of(kind: ErrorKind) -> usize {
    let place = KINDS.iter().position(|other| *other == kind);
    place.unwrap_or(KINDS.len() - 1)
}

fn index_of(code: ApplicationCode) -> usize {
    usize::try_from(code.0).map_or(CODES - 1, |code| code.min(CODES - 1))
}

/// How often things happened since the server was made.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections open now.
    pub connections_open: u64,
    /// Connections taken.
    pub connections_accepted: u64,
    /// Connections closed before anything was read: there were too many, in all or of one address, the
    /// server was shutting down, or the system had no thread for it.
    pub connections_refused: u64,
    /// Connections closed because of an error or a time-out.
    pub connections_failed: u64,
    /// Those of them whose first bytes were no message: of other protocols, for example.
    pub connections_foreign: u64,
    /// Failures of the system to hand over a connection, or a datagram.
    pub accept_errors: u64,
    /// Calls that were not run, since their time was over when they could have been. They are answered
    /// with an application exception, code [`TIMEOUT`](ApplicationCode::TIMEOUT).
    pub calls_expired: u64,
    /// Datagrams received.
    pub datagrams: u64,
    /// Those of them that came to nothing, or whose answer did not leave.
    pub datagrams_lost: u64,
    /// Calls, or connections with calls, that wait for a worker now.
    pub calls_queued: u64,
    /// Calls whose handlers run now.
    pub calls_running: u64,
    /// Calls answered with a result or a declared exception.
    pub replies: u64,
    /// Calls answered with an application exception.
    pub exceptions: u64,
    /// Calls that get no answer.
    pub oneways: u64,
    /// Bytes of messages, and of what transports put around them.
    pub bytes_read: u64,
    /// The same, written.
    pub bytes_written: u64,
    failed: [u64; KINDS.len()],
    faults: [u64; FAULTS.len()],
    codes: [u64; CODES],
}

impl ServerStats {
    /// Calls that have ended.
    pub fn calls(&self) -> u64 {
        self.replies + self.exceptions + self.oneways
    }

    /// Connections closed because of errors of a kind: [`Truncated`](ErrorKind::Truncated),
    /// [`Malformed`](ErrorKind::Malformed), [`Limit`](ErrorKind::Limit), [`Closed`](ErrorKind::Closed),
    /// [`Timeout`](ErrorKind::Timeout), [`Io`](ErrorKind::Io), [`Tls`](ErrorKind::Tls),
    /// [`Denied`](ErrorKind::Denied), [`Overloaded`](ErrorKind::Overloaded), or [`Handler`](ErrorKind::Handler) for
    /// everything else, such as a panic. 0 for kinds that close none.
    pub fn connections_failed_by(&self, kind: ErrorKind) -> u64 {
        let index = KINDS.iter().position(|other| *other == kind);
        index.map_or(0, |index| self.failed[index])
    }

    /// Datagrams that were lost for a reason.
    pub fn datagrams_lost_by(&self, fault: DatagramFault) -> u64 {
        self.faults[fault.place()]
    }

    /// Everything by name, for systems that gather such numbers: `replies`,
    /// `connections_failed.timeout`, `exceptions.overloaded` and so on.
    pub fn named(&self) -> impl Iterator<Item = (String, u64)> {
        let plain = [
            ("connections_open", self.connections_open),
            ("connections_accepted", self.connections_accepted),
            ("connections_refused", self.connections_refused),
            ("connections_failed", self.connections_failed),
            ("connections_foreign", self.connections_foreign),
            ("accept_errors", self.accept_errors),
            ("calls_expired", self.calls_expired),
            ("datagrams", self.datagrams),
            ("datagrams_lost", self.datagrams_lost),
            ("calls_queued", self.calls_queued),
            ("calls_running", self.calls_running),
            ("replies", self.replies),
            ("exceptions", self.exceptions),
            ("oneways", self.oneways),
            ("bytes_read", self.bytes_read),
            ("bytes_written", self.bytes_written),
        ];
        let failed = KINDS.into_iter().zip(self.failed);
        let failed = failed.map(|(kind, count)| {
            let kind = format!("{kind:?}").to_lowercase();
            (format!("connections_failed.{kind}"), count)
        });
        let faults = FAULTS.into_iter().zip(self.faults);
        let faults = faults.map(|(fault, count)| {
            let fault = fault.name();
            (format!("datagrams_lost.{fault}"), count)
        });
        let codes = (0..).zip(self.codes).map(|(code, count)| {
            let name = match usize::try_from(code) {
                Ok(last) if last == CODES - 1 => "other".to_owned(),
                _ => ApplicationCode(code).to_string().replace(' ', "_"),
            };
            (format!("exceptions.{name}"), count)
        });
        let plain = plain.into_iter();
        let plain = plain.map(|(name, count)| (name.to_owned(), count));
        plain.chain(failed).chain(faults).chain(codes)
    }

    /// Calls answered with an application exception of a code. Codes below 0 and from 13 on are
    /// counted together.
    pub fn exceptions_by(&self, code: ApplicationCode) -> u64 {
        self.codes[index_of(code)]
    }
}

/// Errors and exceptions that have not happened are left out.
impl fmt::Debug for ServerStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("ServerStats");
        for (name, count) in self.named() {
            if count > 0 || !name.contains('.') {
                fields.field(&name, &count);
            }
        }
        fields.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_name() {
        let counters = Counters::default();
        for code in 0..20 {
            counters.exception(ApplicationCode(code));
        }
        counters.failed(ErrorKind::Limit);
        let stats = counters.read(3);
        assert_eq!(stats.exceptions_by(ApplicationCode(11)), 1);
        assert_eq!(stats.exceptions_by(ApplicationCode(13)), 7);
        let names: Vec<_> = stats.named().map(|(name, _)| name).collect();
        let digits = |name: &String| name.contains(|letter: char| letter.is_ascii_digit());
        assert!(!names.iter().any(digits), "{names:?}");
        let text = format!("{stats:?}");
        for part in [
            "ServerStats { connections_open: 3, ",
            " connections_failed.limit: 1, ",
            " exceptions.timed_out: 1, exceptions.other: 7 }",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("connections_failed.io"), "{text}");
    }
}
