//! A log in a folder of its own.

use std::fs;
use std::io::{Cursor, Read, Seek};
use std::path::PathBuf;

use seapink::Result;
use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};

/// Bytes of a chunk in Apache's format.
pub(crate) const CHUNK: usize = 32;

/// The same in the format with checksums.
pub(crate) const CHECKED_CHUNK: usize = 128;

pub(crate) fn apache() -> FileOptions {
    FileOptions::default().chunk_bytes(32).poll_ms(1)
}

pub(crate) fn checksummed() -> FileOptions {
    FileOptions::default()
        .format(FileFormat::Checksummed)
        .chunk_bytes(128)
        .poll_ms(1)
}

pub(crate) struct Log {
    _directory: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) options: FileOptions,
}

impl Log {
    pub(crate) fn new(options: FileOptions) -> Self {
        let directory = folder();
        let path = directory.path().join("calls.log");
        Self {
            _directory: directory,
            path,
            options,
        }
    }

    pub(crate) fn append<E: AsRef<[u8]>>(&self, events: &[E]) {
        let writer = self.writer();
        for event in events {
            writer.append(event.as_ref()).unwrap();
        }
        writer.close().unwrap();
    }

    pub(crate) fn writer(&self) -> FileWriter {
        FileWriter::open(&self.path, self.options).unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    pub(crate) fn reader(&self) -> FileReader {
        FileReader::open(&self.path, self.options, ReadMode::ToEnd).unwrap()
    }

    pub(crate) fn events(&self) -> Vec<Vec<u8>> {
        all(&mut self.reader()).unwrap()
    }
}

/// In memory where that can be had: storing costs nothing there.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

pub(crate) fn all<F: Read + Seek>(reader: &mut FileReader<F>) -> Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(event.to_vec());
    }
    Ok(events)
}

/// A reader of bytes.
pub(crate) fn over(bytes: &[u8], options: FileOptions) -> FileReader<Cursor<&[u8]>> {
    FileReader::over(Cursor::new(bytes), options, ReadMode::ToEnd).unwrap()
}

/// Where each event of a file ends.
pub(crate) fn ends(bytes: &[u8], options: FileOptions) -> Vec<usize> {
    let mut reader = over(bytes, options);
    let mut ends = Vec::new();
    while reader.next_event().unwrap().is_some() {
        ends.push(usize::try_from(reader.offset()).unwrap());
    }
    ends
}
