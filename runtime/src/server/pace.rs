//! How long a peer may take to send a message, or to take replies.
//!
//! Both have to be done within their time-out. What is too big for that may go on as long as enough
//! bytes move in each further stretch of the same length.

use std::io;
use std::time::{Duration, Instant};

use crate::config::ServerTimeouts;
use crate::transport::{Stream, is_timeout};

/// So many bytes show what a message is.
pub(super) const HEADER_BYTES: usize = 8;

/// A stretch of time, and how many bytes have moved in it.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    since: Instant,
    moved: usize,
}

impl Pace {
    pub(super) fn start(now: Instant) -> Self {
        Self {
            since: now,
            moved: 0,
        }
    }

    pub(super) fn since(self) -> Instant {
        self.since
    }

    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved += bytes;
    }

    /// Begins another stretch, if enough moved in one of so many milliseconds.
    pub(super) fn renew(&mut self, timeouts: &ServerTimeouts, ms: u64, now: Instant) -> bool {
        let enough = (timeouts.bytes_per_second_min.saturating_mul(ms) / 1000).max(1);
        let renewed = self.moved as u64 >= enough;
        if renewed {
            *self = Self::start(now);
        }
        renewed
    }
}

/// How long a stretch is for a message of which so many bytes have arrived.
pub(super) fn time_to_read(timeouts: &ServerTimeouts, arrived: usize) -> Duration {
    Duration::from_millis(if arrived < HEADER_BYTES {
        timeouts.header_ms.min(timeouts.read_ms)
    } else {
        timeouts.read_ms
    })
}

/// Writes everything as long as the peer takes it fast enough, and says what it takes.
///
/// # Errors
/// `TimedOut` when it does not.
pub(super) fn write_all(
    stream: &mut dyn Stream,
    bytes: &[u8],
    timeouts: &ServerTimeouts,
    mut took: impl FnMut(usize),
) -> io::Result<()> {
    let write_ms = timeouts.write_ms;
    let mut written = 0;
    let mut wait = Duration::from_millis(write_ms);
    let mut pace: Option<Pace> = None;
    while written < bytes.len() {
        stream.set_write_timeout(Some(wait))?;
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => {
                written += more;
                took(more);
                if written == bytes.len() {
                    break;
                }
                match &mut pace {
                    // What fits the system's buffers says nothing of the peer. And the clock is only
                    // asked when one write was not enough.
                    None => pace = Some(Pace::start(Instant::now())),
                    Some(pace) => pace.moved(more),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if pace.is_none() => return Err(error),
            Err(error) if !is_timeout(&error) => return Err(error),
            Err(_) => {}
        }
        if let Some(pace) = &mut pace {
            let now = Instant::now();
            let all = Duration::from_millis(write_ms);
            if pace.since + all <= now && !pace.renew(timeouts, write_ms, now) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            wait = (pace.since + all).saturating_duration_since(now);
            wait = wait.max(Duration::from_millis(1));
        }
    }
    stream.flush()
}

/// What a write that may end early came to.
pub(super) struct Written {
    pub(super) bytes: usize,
    /// Whether nothing is left, in the stream neither.
    pub(super) result: io::Result<bool>,
}

/// Writes as long as the peer takes it, and for so long where it does not.
pub(super) fn write_for(stream: &mut dyn Stream, bytes: &[u8], patience: Duration) -> Written {
    let mut written = 0;
    let result = write_some(stream, bytes, patience, &mut written);
    let bytes = written;
    Written { bytes, result }
}

fn write_some(
    stream: &mut dyn Stream,
    bytes: &[u8],
    patience: Duration,
    written: &mut usize,
) -> io::Result<bool> {
    let mut until = None;
    stream.set_write_timeout(Some(patience))?;
    while *written < bytes.len() {
        match stream.write(&bytes[*written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => *written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
        // The clock is only asked when one write was not enough.
        if *written < bytes.len() {
            let now = Instant::now();
            if now > *until.get_or_insert(now + patience) {
                return Ok(false);
            }
        }
    }
    match stream.flush() {
        Ok(()) => Ok(true),
        Err(error) if is_timeout(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_renewed_by_what_moved_in_it_alone() {
        let timeouts = ServerTimeouts::default().bytes_per_second_min(100);
        let start = Instant::now();
        let mut pace = Pace::start(start);
        pace.moved(1_000_000);
        let later = start + Duration::from_secs(10);
        assert!(pace.renew(&timeouts, 10_000, later));
        assert_eq!(pace.since(), later);
        pace.moved(999);
        assert!(!pace.renew(&timeouts, 10_000, later));
        pace.moved(1);
        assert!(pace.renew(&timeouts, 10_000, later));
        assert!(!pace.renew(&timeouts, 1, later), "nothing moved");
    }
}
