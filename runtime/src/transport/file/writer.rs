//! Appends events, and tells when the system could not store them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use byteorder::{LittleEndian, ReadBytesExt, WriteBytesExt};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::{FileOptions, Place, SIZE};

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
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    medium: Box<dyn Medium>,
    /// Whole events that are not handed to the system yet. They go to `written`.
    pending: Vec<u8>,
    /// The length of the file, up to which it holds whole events and padding only.
    written: u64,
    /// Bytes that the system may not have stored yet, and since when.
    unsynced: u64,
    since: Option<Instant>,
    /// The system did not take what was to be stored in time, and no caller knows of it yet.
    refused: bool,
    /// Why nothing can be written any more.
    failed: Option<String>,
    closed: bool,
}

/// What a writer needs of a file.
pub(super) trait Medium: Send {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn set_len(&mut self, bytes: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that no other writer has open.
struct Locked(File);

impl Medium for Locked {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing is not enough while a process that was forked meanwhile has the file open.
        let _ = self.0.unlock();
    }
}

impl FileWriter {
    /// Opens a file for appending, and creates it if it is not there.
    ///
    /// What a writer that was killed has left of its last event is removed. Nonsense in the last
    /// chunk is kept, and the next event goes to a new chunk.
    ///
    /// # Errors
    /// When the file cannot be opened, or another `FileWriter` has it open.
    pub fn open(path: impl AsRef<Path>, options: FileOptions) -> Result<Self> {
        let (path, options) = (path.as_ref(), options.check()?);
        let opened = |error: io::Error| {
            let text = format!("cannot open {}: {error}", path.display());
            Error::new(ErrorKind::Io, text).with_source(error)
        };
        let mut open = OpenOptions::new();
        let open = open.read(true).write(true).create(true).truncate(false);
        let mut file = open.open(path).map_err(opened)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another writer has {} open", path.display());
                return Err(Error::new(ErrorKind::Io, text));
            }
            Err(TryLockError::Error(error)) => return Err(opened(error)),
        }
        let end = recover(&mut file, options).map_err(opened)?;
        store_name(path).map_err(opened)?;
        Self::over(Box::new(Locked(file)), end, options)
    }

    pub(super) fn over(medium: Box<dyn Medium>, end: u64, options: FileOptions) -> Result<Self> {
        let state = State {
            medium,
            pending: Vec::new(),
            written: end,
            unsynced: 0,
            since: None,
            refused: false,
            failed: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            options,
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

    /// Appends an event.
    ///
    /// # Errors
    /// * [`Limit`](ErrorKind::Limit) for an event that is empty, does not fit into a chunk, or is
    ///   larger than `event_bytes_max`. Others can be appended after it.
    /// * [`Io`](ErrorKind::Io) when the system could not take it. Then this event is not in the
    ///   file; earlier ones are kept, and tried again with the next.
    /// * [`Io`](ErrorKind::Io) for ever after the system has failed to store what it took: nobody
    ///   knows what is in the file then. Open it again.
    pub fn append(&self, event: &[u8]) -> Result<()> {
        let options = self.shared.options;
        let size = match u32::try_from(event.len()) {
            Ok(size @ 1..) if size <= options.event_max() => size,
            _ => return Err(bad_size(event.len(), options)),
        };
        let mut state = self.locked()?;
        if state.refused {
            state.flush()?;
        }
        state.pad(size, options)?;
        let before = state.pending.len();
        // Writing to memory cannot fail.
        state.pending.write_u32::<LittleEndian>(size)?;
        state.pending.extend_from_slice(event);
        if state.pending.len() >= BUFFER_BYTES
            && let Err(error) = state.flush()
        {
            state.pending.truncate(before);
            return Err(error);
        }
        state.unsynced += u64::from(SIZE + size);
        if state.unsynced >= options.sync_bytes {
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

    /// Fills the chunk up with zeros, if an event of this size would cross its border.
    fn pad(&mut self, size: u32, options: FileOptions) -> Result<()> {
        let offset = self.written + self.pending.len() as u64;
        let border = options.border(offset);
        if offset + u64::from(SIZE) + u64::from(size) <= border {
            return Ok(());
        }
        self.flush()?;
        self.medium
            .set_len(border)
            .map_err(|error| not_taken(&error))?;
        self.written = border;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.medium.write_at(self.written, &self.pending) {
            // Part of an event may be there by now. If it cannot be removed, it is written over.
            let _ = self.medium.set_len(self.written);
            return Err(not_taken(&error));
        }
        self.written += self.pending.len() as u64;
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
        self.unsynced = 0;
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
fn bad_size(bytes: usize, options: FileOptions) -> Error {
    let text = match bytes {
        0 => "an event is not empty: its size would mean padding".to_owned(),
        _ if options.event_max() == options.event_bytes_max => format!(
            "the event has {bytes} bytes, more than event_bytes_max = {}",
            options.event_bytes_max
        ),
        _ => format!(
            "the event has {bytes} bytes and its size {SIZE}, more than chunk_bytes = {}",
            options.chunk_bytes
        ),
    };
    Error::new(ErrorKind::Limit, text)
}

/// Finds where the next event goes, and removes what a killed writer has left there.
fn recover(file: &mut File, options: FileOptions) -> io::Result<u64> {
    let len = file.seek(SeekFrom::End(0))?;
    let chunk = u64::from(options.chunk_bytes);
    let mut offset = len.saturating_sub(1) / chunk * chunk;
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = BufReader::new(&mut *file);
    // The end of the last whole event in the last chunk.
    let mut end = offset;
    while len - offset >= u64::from(SIZE) {
        if options.border(offset) - offset < u64::from(SIZE) {
            break;
        }
        match options.judge(offset, reader.read_u32::<LittleEndian>()?) {
            Place::Padding => offset += u64::from(SIZE),
            Place::Nonsense => {
                // Kept, for somebody to look at. Readers pass over it to the border.
                let border = options.border(offset);
                file.set_len(border)?;
                return Ok(border);
            }
            Place::Event(size) => {
                let next = offset + u64::from(SIZE) + u64::from(size);
                if next > len {
                    break;
                }
                reader.seek_relative(size.into())?;
                (offset, end) = (next, next);
            }
        }
    }
    // Zeros up to the border are padding. Fewer are the trace of a crash, and a reader takes them
    // four at a time: an event after them could be missed.
    if len > 0 && len % chunk == 0 && len - offset < u64::from(SIZE) {
        return Ok(len);
    }
    file.set_len(end)?;
    Ok(end)
}

/// Stores the name of a new file.
fn store_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}
