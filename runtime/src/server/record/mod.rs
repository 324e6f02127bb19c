//! Records the calls of a server while it answers them.
//!
//! ```text
//! call ──► Recording ──► processor ──► answer
//!              │ copy
//!              ▼
//!            queue ──► thread ──► FileWriter
//! ```
//!
//! Why is it no [`Interceptor`](crate::interceptor::Interceptor)? Those see who calls what, and no
//! messages; and below a server there is no file that they could know of. Like them it is around a
//! processor, in front of interceptors or behind them.
//!
//! Why is there a queue? Because storing takes as long as the disk likes, and callers do not wait for
//! that. What does not fit is counted, and missing in the recording.

mod call;
mod queue;
mod recording;

pub use call::RecordedCall;
pub use recording::Recording;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::{FileOptions, FileWriter};
use queue::Queue;

/// A day, in milliseconds.
const WAIT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// How a recording is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordOptions {
    /// What the file is like, and how often it is stored.
    pub file: FileOptions,
    /// Records answers too, each in the event of its call, when it is there. Otherwise an event is a
    /// call, in the order in which they begin. Default no.
    pub answers: bool,
    /// Bytes of events that may wait for the file, with 64 more for each of them. Default 8 MiB.
    pub queue_bytes_max: usize,
    /// How long a call waits, in milliseconds, while that many wait. Then it goes on, and is counted
    /// as dropped. At most a day. Default 0. Calls of async servers never wait.
    pub wait_ms: u64,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self {
            file: FileOptions::default(),
            answers: false,
            queue_bytes_max: 8 * 1024 * 1024,
            wait_ms: 0,
        }
    }
}

impl RecordOptions {
    /// The same with another [`file`](Self::file).
    #[must_use]
    pub fn file(mut self, options: FileOptions) -> Self {
        self.file = options;
        self
    }

    /// The same with or without [`answers`](Self::answers).
    #[must_use]
    pub fn answers(mut self, answers: bool) -> Self {
        self.answers = answers;
        self
    }

    /// The same with another [`queue_bytes_max`](Self::queue_bytes_max).
    #[must_use]
    pub fn queue_bytes_max(mut self, bytes: usize) -> Self {
        self.queue_bytes_max = bytes;
        self
    }

    /// The same with another [`wait_ms`](Self::wait_ms).
    #[must_use]
    pub fn wait_ms(mut self, ms: u64) -> Self {
        self.wait_ms = ms;
        self
    }
}

/// What has become of calls so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordStats {
    /// Those that the file has taken.
    pub recorded: u64,
    /// Those for which there was no room.
    pub dropped: u64,
    /// Those that the file did not take: they were too large, or it could not be written.
    pub failed: u64,
}

/// A file to which calls are recorded, and the thread that writes it.
///
/// ```no_run
/// # use seapink::server::{Record, RecordOptions};
/// # use seapink::{Multiplexed, Server, ServerConfig};
/// # fn main() -> seapink::Result<()> {
/// # let (config, processor) = (ServerConfig::new("tcp://127.0.0.1:0"), Multiplexed::new());
/// let record = Record::open("calls.log", RecordOptions::default().answers(true))?;
/// Server::bind(&config, record.around(processor))?.run()?;
/// let stats = record.close()?;
/// # Ok(())
/// # }
/// ```
pub struct Record {
    queue: Arc<Queue>,
    options: RecordOptions,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Record {
    /// Appends to a file, which is created if it is not there. On Unix, nobody but its owner may read or
    /// write it then (mode 0600), since whatever callers say is in it; one that is there keeps its mode.
    ///
    /// # Errors
    /// Those of [`FileWriter::open`], and when `wait_ms` is more than a day.
    pub fn open(path: impl AsRef<Path>, options: RecordOptions) -> Result<Self> {
        if options.wait_ms > WAIT_MS_MAX {
            let (max, value) = (WAIT_MS_MAX, options.wait_ms);
            let text = format!("wait_ms must be a number from 0 to {max}, not {value}");
            return Err(Error::new(ErrorKind::Config, text));
        }
        let file = FileWriter::open_private(path.as_ref(), options.file)?;
        let wait = Duration::from_millis(options.wait_ms);
        let queue = Arc::new(Queue::new(options.queue_bytes_max, wait));
        let own = Arc::clone(&queue);
        let thread = thread::Builder::new().name("seapink-record".to_owned());
        let thread = thread.spawn(move || own.write(file))?;
        Ok(Self {
            queue,
            options,
            thread: Some(thread),
        })
    }

    /// A processor that answers what another answers, and records that. Several may be recorded to
    /// one file.
    pub fn around<P>(&self, processor: P) -> Recording<P> {
        Recording::new(processor, Arc::clone(&self.queue), self.options.answers)
    }

    /// What has become of calls so far.
    pub fn stats(&self) -> RecordStats {
        self.queue.stats()
    }

    /// Writes what is left, and stores it. Calls that come later are counted as dropped.
    ///
    /// # Errors
    /// When not everything that the file had taken could be stored.
    pub fn close(mut self) -> Result<RecordStats> {
        self.end()?;
        Ok(self.stats())
    }

    fn end(&mut self) -> Result<()> {
        self.queue.close();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(closed)) => closed,
            // It has nothing to panic about.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("options", &self.options)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
