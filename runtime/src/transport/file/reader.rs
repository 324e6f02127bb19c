//! Reads events, past whatever is no event.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byteorder::{LittleEndian, ReadBytesExt};
use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::{FileOptions, Place, SIZE};

/// What a reader does at the end of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadMode {
    /// Stops.
    #[default]
    ToEnd,
    /// Looks once more after this time, and stops if there is still nothing.
    RetryOnce(Duration),
    /// Waits for more until it is [stopped](FileReader::stop).
    Tail,
}

/// Reads the events of a file, in order.
pub struct FileReader<F = File> {
    file: BufReader<F>,
    options: FileOptions,
    mode: ReadMode,
    /// Where the next event is looked for, and where the file is read next.
    offset: u64,
    event: Vec<u8>,
    skipped: Vec<Skipped>,
    stop: Stop,
}

/// Bytes that were no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Where they start.
    pub offset: u64,
    /// Up to the border of the chunk.
    pub bytes: u64,
}

/// How many of the latest [`Skipped`] a reader remembers.
const SKIPPED_MAX: usize = 1024;

/// Stops a reader that tails a file. Cheap to clone.
#[derive(Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Makes the reader return `None` instead of waiting.
    pub fn stop(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    /// Waits, and says whether it was stopped.
    fn wait(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut stopped = self.0.0.lock();
        while !*stopped && !self.0.1.wait_until(&mut stopped, deadline).timed_out() {}
        *stopped
    }
}

/// What an attempt to read an event came to.
enum Attempt {
    Event,
    /// The file ends before the next event does.
    End,
    Nonsense,
    /// The next event is not one of those that were asked for.
    Passed,
}

impl FileReader {
    /// Opens a file, to be read from its start.
    pub fn open(path: impl AsRef<Path>, options: FileOptions, mode: ReadMode) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| {
            let text = format!("cannot open {}: {error}", path.display());
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        Self::over(file, options, mode)
    }
}

impl<F: Read + Seek> FileReader<F> {
    /// The same for anything that can be read like a file.
    pub fn over(file: F, options: FileOptions, mode: ReadMode) -> Result<Self> {
        Ok(Self {
            file: BufReader::new(file),
            options: options.check()?,
            mode,
            offset: 0,
            event: Vec::new(),
            skipped: Vec::new(),
            stop: Stop::default(),
        })
    }

    /// What stops this reader from another thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The next event, or `None` at the end of the file. An event that is not whole yet counts as
    /// the end; the reader finds it when it is called again after the rest was written.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) when there is nonsense in the last chunk, where no border
    /// comes after it; the reader stays there, and a tailing reader waits for the border instead.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>> {
        self.next_event_before(u64::MAX)
    }

    /// The same for an event that starts before this offset; `None` when the next one does not.
    pub fn next_event_before(&mut self, end: u64) -> Result<Option<&[u8]>> {
        let mut retried = false;
        loop {
            let attempt = match self.attempt(end) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Attempt::End,
                attempt => attempt?,
            };
            match attempt {
                Attempt::Event => return Ok(Some(&self.event)),
                Attempt::Passed => return Ok(None),
                Attempt::Nonsense if self.skip()? => continue,
                Attempt::Nonsense if self.mode != ReadMode::Tail => return Err(self.corrupted()),
                Attempt::Nonsense | Attempt::End => {}
            }
            // What the buffer holds after the last event may be older than the file.
            self.seek(self.offset)?;
            let wait = match self.mode {
                ReadMode::RetryOnce(time) if !retried => time,
                ReadMode::Tail => Duration::from_millis(self.options.poll_ms),
                ReadMode::RetryOnce(_) | ReadMode::ToEnd => return Ok(None),
            };
            retried = true;
            if self.stop.wait(wait) {
                return Ok(None);
            }
        }
    }

    /// Reads from `offset`, which moves on only with an event or a border: zeros before the end of
    /// the file may be the trace of a crash, which the next writer removes.
    fn attempt(&mut self, end: u64) -> io::Result<Attempt> {
        let mut at = self.offset;
        loop {
            let border = self.options.border(at);
            if border - at < u64::from(SIZE) {
                self.pass(border - at)?;
                at = border;
            }
            if at.is_multiple_of(self.options.chunk_bytes.into()) {
                self.offset = at;
            }
            if at >= end {
                return Ok(Attempt::Passed);
            }
            let size = self.file.read_u32::<LittleEndian>()?;
            match self.options.judge(at, size) {
                Place::Padding => at += u64::from(SIZE),
                Place::Nonsense => {
                    self.offset = at;
                    return Ok(Attempt::Nonsense);
                }
                Place::Event(size) => {
                    self.event.clear();
                    // Memory grows with the bytes that are there, whatever the size says.
                    let mut event = self.file.by_ref().take(size.into());
                    if event.read_to_end(&mut self.event)? < size as usize {
                        return Ok(Attempt::End);
                    }
                    self.offset = at + u64::from(SIZE) + u64::from(size);
                    return Ok(Attempt::Event);
                }
            }
        }
    }

    /// Reads a few bytes, which must be there.
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.file.by_ref().take(bytes), &mut io::sink())?;
        if passed < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Goes to the next chunk, if the file has one.
    fn skip(&mut self) -> Result<bool> {
        let border = self.options.border(self.offset);
        if self.len()? <= border {
            return Ok(false);
        }
        if self.skipped.len() == SKIPPED_MAX {
            self.skipped.remove(0);
        }
        self.skipped.push(Skipped {
            offset: self.offset,
            bytes: border - self.offset,
        });
        self.seek(border)?;
        Ok(true)
    }

    #[cold]
    fn corrupted(&mut self) -> Error {
        let text = format!("the file is corrupted at offset {}", self.offset);
        // So that the next call finds the same.
        match self.seek(self.offset) {
            Ok(()) => Error::new(ErrorKind::Malformed, text),
            Err(error) => error,
        }
    }

    /// What was passed over so far, the latest 1024 of it.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Where the next event is looked for: after `None`, the end of the last whole event or the
    /// border after it, and after an error where the nonsense is.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The chunk in which the next event is looked for, from 0.
    pub fn chunk(&self) -> u64 {
        self.offset / u64::from(self.options.chunk_bytes)
    }

    /// Where the chunk ends in which the next event is looked for.
    pub fn chunk_end(&self) -> u64 {
        self.options.border(self.offset)
    }

    /// How many chunks the file has, the last of them perhaps not full.
    pub fn num_chunks(&mut self) -> Result<u64> {
        Ok(self.len()?.div_ceil(u64::from(self.options.chunk_bytes)))
    }

    /// Goes to the start of a chunk; −1 is the last one. Too far back is the start of the file, too
    /// far on is the end of its last whole event.
    pub fn seek_to_chunk(&mut self, chunk: i64) -> Result<()> {
        let chunks = self.num_chunks()?;
        let chunk = match u64::try_from(chunk) {
            Ok(chunk) => chunk,
            Err(_) => chunks.saturating_sub(chunk.unsigned_abs()),
        };
        if chunk >= chunks {
            return self.seek_to_end();
        }
        self.seek(chunk * u64::from(self.options.chunk_bytes))
    }

    /// Goes to the end of the last whole event.
    pub fn seek_to_end(&mut self) -> Result<()> {
        let last = self.num_chunks()?.saturating_sub(1);
        self.seek(last * u64::from(self.options.chunk_bytes))?;
        loop {
            match self.attempt(u64::MAX) {
                Ok(Attempt::Event) => {}
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(error.into());
                }
                _ => return self.seek(self.offset),
            }
        }
    }

    fn seek(&mut self, offset: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.offset = offset;
        Ok(())
    }

    /// The file's length. Leaves the place where it is read.
    fn len(&mut self) -> Result<u64> {
        let len = self.file.get_mut().seek(SeekFrom::End(0))?;
        self.file.seek(SeekFrom::Start(self.offset))?;
        Ok(len)
    }
}

impl<F> std::fmt::Debug for FileReader<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileReader")
            .field("offset", &self.offset)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
