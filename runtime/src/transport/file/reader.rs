//! Reads events, past whatever is no event.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::file::detect::{Found, found};
use crate::transport::file::format::{HEAD_MAX, Layout, Place};
use crate::transport::file::open::{open, unusable};
use crate::transport::file::recover::beginning;
use crate::transport::file::skipped::Damage;
use crate::transport::file::{FileFormat, FileOptions, Skipped, Stop};

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
    /// Not known before the file has a beginning.
    layout: Option<Layout>,
    /// Where the next event is looked for.
    offset: u64,
    /// Whether that is where the file is read next, and what the buffer holds is not outdated.
    placed: bool,
    event: Vec<u8>,
    damage: Damage,
    stop: Stop,
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
    ///
    /// # Errors
    /// When it cannot be opened, or is not of the [format](FileOptions::format) that was asked for.
    pub fn open(path: impl AsRef<Path>, options: FileOptions, mode: ReadMode) -> Result<Self> {
        let path = path.as_ref();
        let file = open(path, OpenOptions::new().read(true))?;
        let mut reader = Self::over(file, options, mode)?;
        reader.layout().map_err(|error| unusable(path, error))?;
        Ok(reader)
    }
}

impl<F: Read + Seek> FileReader<F> {
    /// The same for anything that can be read like a file.
    pub fn over(file: F, options: FileOptions, mode: ReadMode) -> Result<Self> {
        Ok(Self::new(file, options.check()?, mode, None))
    }

    /// Reads to the end of a file of which is known what it is.
    pub(super) fn known(file: F, layout: Layout) -> Self {
        let mut reader = Self::new(file, FileOptions::default(), ReadMode::ToEnd, Some(layout));
        reader.offset = layout.first();
        reader
    }

    fn new(file: F, options: FileOptions, mode: ReadMode, layout: Option<Layout>) -> Self {
        Self {
            file: BufReader::new(file),
            options,
            mode,
            layout,
            offset: 0,
            placed: false,
            event: Vec::new(),
            damage: Damage::default(),
            stop: Stop::default(),
        }
    }

    /// What stops this reader from another thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The next event, or `None` at the end of the file. An event that is not whole yet counts as
    /// the end; the reader finds it when it is called again after the rest was written.
    ///
    /// # Errors
    /// * [`Malformed`](ErrorKind::Malformed) when there is nonsense in the last chunk, where no
    ///   border comes after it, or the head of the file is damaged; the reader stays there. A tailing
    ///   reader waits for the border instead.
    /// * [`Config`](ErrorKind::Config) when the file is not of the format that was asked for.
    /// * [`Io`](ErrorKind::Io) when the system cannot read it; the next call tries again.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>> {
        self.next_event_before(u64::MAX)
    }

    /// The same for an event that starts before this offset; `None` when the next one does not.
    pub fn next_event_before(&mut self, end: u64) -> Result<Option<&[u8]>> {
        let mut retried = false;
        loop {
            match self.attempt(end)? {
                Attempt::Event => return Ok(Some(&self.event)),
                Attempt::Passed => return Ok(None),
                Attempt::Nonsense if self.skip()? => continue,
                Attempt::Nonsense if self.mode != ReadMode::Tail => return Err(self.corrupted()),
                Attempt::Nonsense | Attempt::End => {}
            }
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

    fn attempt(&mut self, end: u64) -> Result<Attempt> {
        let Some(layout) = self.layout()? else {
            return Ok(Attempt::End);
        };
        if !self.placed {
            self.file.seek(SeekFrom::Start(self.offset))?;
        }
        self.placed = false;
        match self.read_on(layout, end) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Attempt::End),
            attempt => Ok(attempt?),
        }
    }

    /// Reads from `offset`, which moves on only with an event, whole or damaged, or a border: zeros
    /// before the end of the file may be the trace of a crash, which the next writer removes.
    fn read_on(&mut self, layout: Layout, end: u64) -> io::Result<Attempt> {
        let mut at = self.offset;
        loop {
            let border = layout.border(at);
            if border - at < layout.head_bytes().into() {
                self.pass(border - at)?;
                at = border;
            }
            if layout.is_border(at) {
                self.offset = at;
            }
            if at >= end {
                return Ok(Attempt::Passed);
            }
            let mut head = [0; HEAD_MAX];
            let head = &mut head[..layout.head_bytes() as usize];
            self.file.read_exact(head)?;
            let behind = at + u64::from(layout.head_bytes());
            match layout.judge(at, head) {
                Place::Padding => at = behind,
                Place::End => {
                    self.pass(layout.border(at) - behind)?;
                    at = layout.border(at);
                }
                Place::Blank if self.is_blank(layout.border(at) - behind)? => {
                    return Ok(Attempt::End);
                }
                Place::Blank | Place::Nonsense => {
                    self.offset = at;
                    return Ok(Attempt::Nonsense);
                }
                Place::Event(size, checksum) => {
                    let next = behind + u64::from(size);
                    if self.load(layout, size, checksum)? {
                        self.offset = next;
                        self.placed = true;
                        return Ok(Attempt::Event);
                    }
                    // The last one may be on its way to the disk, or the trace of a crash.
                    if self.file.fill_buf()?.is_empty() {
                        return Ok(Attempt::End);
                    }
                    self.damage.add(at, next - at);
                    self.offset = next;
                    at = next;
                }
            }
        }
    }

    /// Reads an event, all of which must be there. Memory grows with the bytes that are, whatever the
    /// size says. `false` if it is not what was written, or more than is wanted.
    fn load(&mut self, layout: Layout, size: u32, checksum: Option<u32>) -> io::Result<bool> {
        if size > layout.event_max() {
            self.pass(size.into())?;
            return Ok(false);
        }
        self.event.clear();
        let mut event = self.file.by_ref().take(size.into());
        if event.read_to_end(&mut self.event)? < size as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(layout.checksum(&self.event) == checksum)
    }

    /// Reads a few bytes, which must be there.
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.file.by_ref().take(bytes), &mut io::sink())?;
        if passed < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Whether there are zeros only up to the end of the file, which comes within these bytes.
    fn is_blank(&mut self, mut bytes: u64) -> io::Result<bool> {
        loop {
            let buffer = self.file.fill_buf()?;
            if buffer.is_empty() || bytes == 0 {
                return Ok(buffer.is_empty());
            }
            let part = usize::try_from(bytes).map_or(buffer.len(), |bytes| buffer.len().min(bytes));
            if buffer[..part].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            self.file.consume(part);
            bytes -= part as u64;
        }
    }

    /// Goes to the next chunk, if there is one or the next event will start one.
    fn skip(&mut self) -> Result<bool> {
        let border = self.chunk_end();
        if self.len()? < border {
            return Ok(false);
        }
        self.damage.add(self.offset, border - self.offset);
        self.seek(border);
        Ok(true)
    }

    #[cold]
    fn corrupted(&self) -> Error {
        let text = format!("the file is corrupted at offset {}", self.offset);
        Error::new(ErrorKind::Malformed, text)
    }

    /// What the file is. `None` while there is too little of it.
    fn layout(&mut self) -> Result<Option<Layout>> {
        if self.layout.is_none() {
            let layout = match found(&beginning(&mut self.file)?, &self.options)? {
                Found::Unclear => return Ok(None),
                Found::Whole(layout) => layout,
                Found::Told(layout) => {
                    self.damage.add(0, layout.first());
                    layout
                }
            };
            self.layout = Some(layout);
            self.seek(self.offset);
        }
        Ok(self.layout)
    }

    /// The format of the file, once it has a beginning.
    pub fn format(&self) -> Option<FileFormat> {
        self.layout.map(|layout| layout.format)
    }

    /// What was passed over so far, the latest 1024 of it.
    pub fn skipped(&self) -> &[Skipped] {
        self.damage.latest()
    }

    /// How many places were passed over so far.
    pub fn skipped_places(&self) -> u64 {
        self.damage.places
    }

    /// How many bytes were passed over so far.
    pub fn skipped_bytes(&self) -> u64 {
        self.damage.bytes
    }

    /// How many bytes are left from [`offset`](Self::offset) to the end of the file. After `None`,
    /// they are an event that is not whole, or its trace, or padding.
    pub fn bytes_left(&mut self) -> Result<u64> {
        Ok(self.len()?.saturating_sub(self.offset))
    }

    /// Where the next event is looked for: after `None`, the end of the last whole event or the
    /// border after it, and after an error where the nonsense is.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The chunk in which the next event is looked for, from 0.
    pub fn chunk(&self) -> u64 {
        self.offset / self.chunk_bytes()
    }

    /// Where the chunk ends in which the next event is looked for.
    pub fn chunk_end(&self) -> u64 {
        (self.chunk() + 1) * self.chunk_bytes()
    }

    /// How many chunks the file has, the last of them perhaps not full.
    pub fn num_chunks(&mut self) -> Result<u64> {
        self.layout()?;
        Ok(self.len()?.div_ceil(self.chunk_bytes()))
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
        self.seek(chunk * self.chunk_bytes());
        Ok(())
    }

    /// Goes to the end of the last whole event.
    pub fn seek_to_end(&mut self) -> Result<()> {
        self.seek_to_last_event()?;
        Ok(())
    }

    /// The same. `false` if there is nonsense behind it, to which it goes.
    pub(super) fn seek_to_last_event(&mut self) -> Result<bool> {
        let last = self.num_chunks()?.saturating_sub(1);
        self.seek(last * self.chunk_bytes());
        loop {
            match self.attempt(u64::MAX)? {
                Attempt::Event => {}
                Attempt::Nonsense => return Ok(false),
                Attempt::End | Attempt::Passed => return Ok(true),
            }
        }
    }

    fn seek(&mut self, offset: u64) {
        let first = self.layout.map_or(0, Layout::first);
        self.offset = offset.max(first);
        self.placed = false;
    }

    fn chunk_bytes(&self) -> u64 {
        let told = self.options.chunk_bytes;
        self.layout.map_or(told, |layout| layout.chunk_bytes).into()
    }

    pub(super) fn len(&mut self) -> Result<u64> {
        self.placed = false;
        Ok(self.file.get_mut().seek(SeekFrom::End(0))?)
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
