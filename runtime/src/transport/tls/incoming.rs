//! The way in, for a stream and for the half of one that reads.

use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::transport::tls::session::Session;
use crate::transport::{ReadHalf, Stream};

/// Smaller buffers are not read into: a record would take too many reads.
const BUFFER_MIN: usize = 4096;

/// Reads to find out whether nothing but TLS's own messages has arrived. A peer that sends more of
/// them has something to say.
const READS_MAX: usize = 16;

/// What is read from: ciphertext.
pub(super) trait Source {
    /// Reads once; no time is for ever, or as long as a nonblocking stream does.
    fn read_once(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<usize>;

    /// As [`Stream::is_quiet`].
    fn is_quiet(&mut self) -> bool;
}

impl Source for Box<dyn Stream> {
    fn read_once(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<usize> {
        self.set_read_timeout(wait)?;
        self.read(buffer)
    }

    fn is_quiet(&mut self) -> bool {
        (**self).is_quiet()
    }
}

impl Source for Box<dyn ReadHalf> {
    fn read_once(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<usize> {
        self.read(buffer, wait.unwrap_or(Duration::MAX))
    }

    fn is_quiet(&mut self) -> bool {
        (**self).is_quiet()
    }
}

/// What a read of ciphertext came to.
pub(super) struct Pulled {
    /// How much plaintext is in the buffer now. 0 means that the session has to be asked.
    pub(super) plaintext: usize,
    /// The stream below may have more.
    pub(super) full: bool,
}

/// Reads ciphertext once and hands it to the session, which is not locked while it waits. Only
/// called when the session has nothing to read.
pub(super) fn pull(
    session: &Mutex<Session>,
    source: &mut impl Source,
    buffer: &mut [u8],
    wait: Option<Duration>,
) -> io::Result<Pulled> {
    if buffer.len() < BUFFER_MIN {
        return pull_apart(session, source, wait);
    }
    let arrived = source.read_once(buffer, wait)?;
    let mut session = session.lock();
    if arrived == 0 {
        session.end();
    }
    Ok(Pulled {
        plaintext: session.take(buffer, arrived),
        full: arrived == buffer.len(),
    })
}

/// The same with a buffer of its own. The session keeps the plaintext.
fn pull_apart(
    session: &Mutex<Session>,
    source: &mut impl Source,
    wait: Option<Duration>,
) -> io::Result<Pulled> {
    let buffer = &mut [0; BUFFER_MIN];
    let pulled = pull(session, source, buffer, wait)?;
    session.lock().keep(&buffer[..pulled.plaintext]);
    Ok(Pulled {
        plaintext: 0,
        ..pulled
    })
}

/// Whether the connection is open and has nothing to read, without waiting. TLS's own messages are
/// taken in on the way.
///
/// A session that has failed counts as quiet: so the next call is told why, where otherwise a
/// client would just connect again.
pub(super) fn is_quiet(session: &Mutex<Session>, source: &mut impl Source) -> bool {
    for _ in 0..READS_MAX {
        let mut now = session.lock();
        if now.has_plaintext() {
            return false;
        }
        if now.has_failed() {
            return true;
        }
        if now.is_over() {
            return false;
        }
        drop(now);
        if source.is_quiet() {
            return true;
        }
        // There is something, so this does not wait.
        if pull_apart(session, source, Some(super::GOODBYE)).is_err() {
            return false;
        }
    }
    false
}

/// How long something that takes several steps may still wait.
pub(super) struct Patience(Option<Instant>);

impl Patience {
    /// So much time from now, or without end.
    pub(super) fn new(total: Option<Duration>) -> Self {
        Self(total.and_then(|total| Instant::now().checked_add(total)))
    }

    /// For another step.
    ///
    /// # Errors
    /// `TimedOut` when nothing is left.
    pub(super) fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.0 else {
            return Ok(None);
        };
        match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }

    /// The same for a step that needs some time in any case.
    pub(super) fn at_least(&self, least: Duration) -> Option<Duration> {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        self.0.map(|deadline| left(deadline).max(least))
    }
}
