//! Appends events, and tells when the system could not store them.

use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::format::Layout;
use crate::transport::file::medium::{Locked, Medium};
use crate::transport::file::open::{not_open, open, store_name, unusable};
use crate::transport::file::recover::recover;
use crate::transport::file::{FileFormat, FileOptions};

/// Events are handed to the system when they come to so many bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Appends events to a file. Safe to share between threads.
///
/// Events are collected, handed to the system in blocks of 64 KiB, and stored by it as often as
/// [`FileOptions`] says; [`flush`](Self::flush) and [`sync`](Self::sync) do so at once. Dropping the
/// writer stores what is left, but cannot say whether that worked: [`close`](Self::close) can.
pub struct FileWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    options: FileOptions,
    layout: Layout,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    medium: Box<dyn Medium>,
    /// Whole events that are not handed to the system yet. They go to `written`.
    pending: Vec<u8>,
    /// The length of the file, up to which it holds whole events and padding only.
    written: u64,
    /// Events and bytes that the system may not have stored yet, and since when.
    unsynced_events: u64,
    unsynced_bytes: u64,
    since: Option<Instant>,
    /// The system did not take what was to be stored in time, and no caller knows of it yet.
    refused: bool,
    /// Why nothing can be written any more.
    failed: Option<String>,
    closed: bool,
}

impl FileWriter {
    /// Opens a file for appending, and creates it if it is not there.
    ///
    /// What a writer that was killed has left of its last event is removed. Nonsense in the last
    /// chunk is kept, and the next event goes to a new chunk.
    ///
    /// # Errors
    /// When the file cannot be opened, or another `FileWriter` has it open, or it is not of the
    /// [format](FileOptions::format) that was asked for, or has checksums and a damaged head.
    pub fn open(path: impl AsRef<Path>, options: FileOptions) -> Result<Self> {
        Self::open_how(path.as_ref(), options, &mut OpenOptions::new())
    }

    /// The same; a file that is created is for nobody but its owner, on Unix.
    pub(crate) fn open_private(path: &Path, options: FileOptions) -> Result<Self> {
        let mut how = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
        Self::open_how(path, options, &mut how)
    }

    fn open_how(path: &Path, options: FileOptions, how: &mut OpenOptions) -> Result<Self> {
        let options = options.check()?;
        let how = how.read(true).write(true).create(true).truncate(false);
        let mut file = open(path, how)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another writer has {} open", path.display());
                return Err(Error::new(ErrorKind::Io, text));
            }
            Err(TryLockError::Error(error)) => return Err(not_open(path, error)),
        }
        let recovered = recover(&mut file, &options);
        let (layout, end) = recovered.map_err(|error| unusable(path, error))?;
        store_name(path).map_err(|error| not_open(path, error))?;
        Self::over(Box::new(Locked(file)), end, layout, options)
    }

    pub(super) fn over(
        medium: Box<dyn Medium>,
        end: u64,
        layout: Layout,
        options: FileOptions,
    ) -> Result<Self> {
        let state = State {
            medium,
            pending: Vec::new(),
            written: end,
            unsynced_events: 0,
            unsynced_bytes: 0,
            since: None,
            refused: false,
            failed: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            options,
            layout,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let inner = Arc::clone(&shared);
        let thread = thread::Builder::new().name("seapink-file".to_owned());
        let thread = thread.spawn(move || inner.sync_in_time())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The format of the file.
    pub fn format(&self) -> FileFormat {
        self.shared.layout.format
    }

    /// Appends an event. It may be read once it was [flushed](Self::flush), and survives a crash of the
    /// system once it was [synced](Self::sync): either of them may happen here, as the options say.
    ///
    /// # Errors
    /// * [`Limit`](ErrorKind::Limit) for an event that is empty, does not fit into a chunk, or is
    ///   larger than `event_bytes_max`. Others can be appended after it.
    /// * [`Io`](ErrorKind::Io) when the system could not take it. Then this event is not in the
    ///   file; earlier ones are kept, and tried again with the next.
    /// * [`Io`](ErrorKind::Io) for ever after the system has failed to store what it took: nobody
    ///   knows what is in the file then. Open it again.
    pub fn append(&self, event: &[u8]) -> Result<()> {
        let Shared {
            options, layout, ..
        } = &*self.shared;
        let size = match u32::try_from(event.len()) {
            Ok(size @ 1..) if size <= layout.event_max() => size,
            _ => return Err(bad_size(event.len(), *layout)),
        };
        let checksum = layout.checksum(event);
        let mut state = self.locked()?;
        if state.refused {
            state.flush()?;
        }
        state.pad(size, *layout)?;
        let before = state.pending.len();
        Layout::append_head(state.end(), size, checksum, &mut state.pending);
        state.pending.extend_from_slice(event);
        let events = state.unsynced_events + 1;
        let bytes = state.unsynced_bytes + (state.pending.len() - before) as u64;
        let sync = events >= options.sync_events || bytes >= options.sync_bytes;
        if (sync || state.pending.len() >= BUFFER_BYTES)
            && let Err(error) = state.flush()
        {
            state.pending.truncate(before);
            return Err(error);
        }
        (state.unsynced_events, state.unsynced_bytes) = (events, bytes);
        if sync {
            return state.sync();
        }
        if state.since.is_none() {
            state.since = Some(Instant::now());
            self.shared.changed.notify_all();
        }
        Ok(())
    }

    /// Hands every event to the system, so that readers find it.
    ///
    /// # Errors
    /// As for [`append`](Self::append). Events that could not be handed over are kept.
    pub fn flush(&self) -> Result<()> {
        self.locked()?.flush()
    }

    /// Makes the system store every event, so that it survives a crash.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn sync(&self) -> Result<()> {
        self.locked()?.sync()
    }

    /// Stores what is left, and says whether everything was stored.
    pub fn close(mut self) -> Result<()> {
        self.end()
    }

    fn locked(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.shared.state.lock();
        state.check()?;
        Ok(state)
    }

    fn end(&mut self) -> Result<()> {
        let result = self.locked().and_then(|mut state| state.sync());
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has nothing to panic about, and nothing to say.
            let _ = thread.join();
        }
        result
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _ = self.end();
        }
    }
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter").finish_non_exhaustive()
    }
}

impl Shared {
    /// Stores events that have become old enough, until the writer is closed. An error is told to
    /// the next caller.
    fn sync_in_time(&self) {
        let mut state = self.state.lock();
        while !state.closed {
            let Some(since) = state.since else {
                self.changed.wait(&mut state);
                continue;
            };
            let due = since + Duration::from_millis(self.options.sync_ms);
            if Instant::now() < due {
                self.changed.wait_until(&mut state, due);
            } else if state.sync().is_err() {
                // Not again at once: the disk may be full for a while.
                state.since = state.failed.is_none().then(Instant::now);
                state.refused = true;
            }
        }
    }
}

impl State {
    fn check(&self) -> Result<()> {
        match &self.failed {
            Some(text) => Err(Error::new(ErrorKind::Io, text.clone())),
            None => Ok(()),
        }
    }

    /// Where the next event goes.
    fn end(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// Fills the chunk up with zeros, if an event of this size would cross its border.
    fn pad(&mut self, size: u32, layout: Layout) -> Result<()> {
        let offset = self.end();
        if layout.fits(offset, size) {
            return Ok(());
        }
        let before = self.pending.len();
        layout.append_end(offset, &mut self.pending);
        if let Err(error) = self.flush() {
            self.pending.truncate(before);
            return Err(error);
        }
        let border = layout.border(offset);
        if let Err(error) = self.medium.set_len(border) {
            // Whatever is appended next goes where the chunk was to end.
            self.written = offset;
            return Err(not_taken(&error));
        }
        self.written = border;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.medium.write_all_at(self.written, &self.pending) {
            // Part of an event may be there by now. If it cannot be removed, it is written over.
            let _ = self.medium.set_len(self.written);
            return Err(not_taken(&error));
        }
        self.written = self.end();
        self.pending.clear();
        self.refused = false;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.flush()?;
        if let Err(error) = self.medium.sync() {
            // The system may have thrown away what it could not store, and would say that all is
            // well the next time.
            let text = format!("the file could not be stored, events may be lost: {error}");
            self.failed = Some(text.clone());
            self.since = None;
            return Err(Error::new(ErrorKind::Io, text).with_source(error));
        }
        (self.unsynced_events, self.unsynced_bytes) = (0, 0);
        self.since = None;
        Ok(())
    }
}

#[cold]
fn not_taken(error: &io::Error) -> Error {
    let text = format!("the file could not be written: {error}");
    Error::new(ErrorKind::Io, text).with_source(io::Error::from(error.kind()))
}

#[cold]
fn bad_size(bytes: usize, layout: Layout) -> Error {
    let (max, head) = (layout.event_max(), layout.head_bytes());
    let text = match (bytes, layout.format) {
        (0, _) => "an event is not empty: its size would mean padding".to_owned(),
        _ if max < layout.chunk_bytes - head => {
            format!("the event has {bytes} bytes, more than event_bytes_max = {max}")
        }
        (_, FileFormat::Apache) => format!(
            "the event has {bytes} bytes and its size {head}, more than chunk_bytes = {}",
            layout.chunk_bytes
        ),
        (_, FileFormat::Checksummed) => format!(
            "the event has {bytes} bytes and its head {head}, more than chunk_bytes = {}",
            layout.chunk_bytes
        ),
    };
    Error::new(ErrorKind::Limit, text)
}
