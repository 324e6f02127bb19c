//! The way in, for a stream and for the half of one that reads.

use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::transport::layer::{GOODBYE, Layer};
use crate::transport::{ReadHalf, Stream, Waker};

/// Smaller buffers are not read into: a record would take too many reads.
const BUFFER_MIN: usize = 4096;

/// Reads to find out whether nothing but the layer's own messages has arrived. A peer that sends more of
/// them has something to say.
const READS_MAX: usize = 16;

/// What is read from: raw bytes.
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

/// What a read of raw bytes came to.
pub(super) struct Pulled {
    /// How much content is in the buffer now. 0 means that the layer has to be asked.
    pub(super) content: usize,
    /// The stream below may have more.
    pub(super) full: bool,
}

/// Reads raw bytes once and hands them to the layer, which is not locked while it waits. Only
/// called when the layer has nothing to read.
pub(super) fn pull(
    layer: &Mutex<Box<dyn Layer>>,
    source: &mut impl Source,
    buffer: &mut [u8],
    wait: Option<Duration>,
) -> io::Result<Pulled> {
    if buffer.len() < BUFFER_MIN {
        return pull_apart(layer, source, wait);
    }
    let arrived = source.read_once(buffer, wait)?;
    let mut layer = layer.lock();
    if arrived == 0 {
        layer.end();
    }
    Ok(Pulled {
        content: layer.take(buffer, arrived),
        full: arrived == buffer.len(),
    })
}

/// The same with a buffer of its own. The layer keeps the content.
fn pull_apart(
    layer: &Mutex<Box<dyn Layer>>,
    source: &mut impl Source,
    wait: Option<Duration>,
) -> io::Result<Pulled> {
    let buffer = &mut [0; BUFFER_MIN];
    let pulled = pull(layer, source, buffer, wait)?;
    layer.lock().keep(&buffer[..pulled.content]);
    Ok(Pulled {
        content: 0,
        ..pulled
    })
}

/// Whether the connection is open and has nothing to read, without waiting. The layer's own messages are
/// taken in on the way.
///
/// A layer that has failed counts as quiet: so the next call is told why, where otherwise a
/// client would just connect again.
pub(super) fn is_quiet(layer: &Mutex<Box<dyn Layer>>, source: &mut impl Source) -> bool {
    for _ in 0..READS_MAX {
        let mut now = layer.lock();
        if now.has_content() {
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
        if pull_apart(layer, source, Some(GOODBYE)).is_err() {
            return false;
        }
    }
    false
}

/// Tells that what has come makes no sense to a layer, if that is so.
pub(super) fn tell_if_foreign<T>(read: &io::Result<T>, misunderstood: Option<&Waker>) {
    if let (Err(error), Some(tell)) = (read, misunderstood)
        && error.kind() == io::ErrorKind::InvalidData
    {
        tell();
    }
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
