//! Disks that fail.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::writer::Medium;
use super::{FileOptions, FileReader, FileWriter, ReadMode};
use crate::error::ErrorKind;

/// A file in memory, on a disk that can be full or broken.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Bytes that there is room for.
    room: usize,
    broken: bool,
    syncs: usize,
}

impl Medium for Disk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let offset = usize::try_from(offset).unwrap();
        let end = (offset + bytes.len()).min(state.room.max(offset));
        let len = state.bytes.len().max(end);
        state.bytes.resize(len, 0);
        state.bytes[offset..end].copy_from_slice(&bytes[..end - offset]);
        if end < offset + bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = usize::try_from(bytes).unwrap();
        self.0.lock().bytes.resize(bytes, 0);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.syncs += 1;
        if state.broken {
            Err(io::Error::other("bad sector"))
        } else {
            Ok(())
        }
    }
}

fn lazy() -> FileOptions {
    FileOptions::default().sync_ms(super::MS_MAX)
}

fn writer(room: usize, options: FileOptions) -> (Disk, FileWriter) {
    let disk = Disk::default();
    disk.0.lock().room = room;
    let writer = FileWriter::over(Box::new(disk.clone()), 0, options).unwrap();
    (disk, writer)
}

fn events(disk: &Disk, options: FileOptions) -> Vec<Vec<u8>> {
    let bytes = io::Cursor::new(disk.0.lock().bytes.clone());
    let mut reader = FileReader::over(bytes, options, ReadMode::ToEnd).unwrap();
    let mut events = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        events.push(event.to_vec());
    }
    events
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_accepted() {
    for room in 0..30 {
        let (disk, writer) = writer(room, lazy());
        writer.append(b"first").unwrap();
        writer.append(b"second").unwrap();
        let flushed = writer.flush();
        assert_eq!(flushed.is_ok(), room >= 19, "{room}");
        if let Err(error) = flushed {
            let expected = "the file could not be written: no storage space";
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.kind(), ErrorKind::Io);
            // Nothing torn is left behind.
            assert_eq!(disk.0.lock().bytes, []);
        }
        disk.0.lock().room = 1000;
        writer.append(b"third").unwrap();
        writer.close().unwrap();
        assert_eq!(events(&disk, lazy()), [&b"first"[..], b"second", b"third"]);
    }
}

#[test]
fn an_event_that_the_disk_did_not_take_is_not_in_the_file() {
    let (disk, writer) = writer(0, lazy());
    writer.append(b"small").unwrap();
    let big = vec![1; 100_000];
    writer.append(&big).unwrap_err();
    writer.append(&big).unwrap_err();
    disk.0.lock().room = 1 << 20;
    writer.append(&big).unwrap();
    writer.close().unwrap();
    assert_eq!(events(&disk, lazy()), [b"small".to_vec(), big]);
}

#[test]
fn after_a_failed_sync_nothing_is_accepted() {
    let (disk, writer) = writer(1000, lazy());
    writer.append(b"stored").unwrap();
    writer.sync().unwrap();
    writer.append(b"lost?").unwrap();
    disk.0.lock().broken = true;
    let expected = "the file could not be stored, events may be lost: bad sector";
    assert_eq!(writer.sync().unwrap_err().to_string(), expected);
    // The system would say that all is well from now on.
    disk.0.lock().broken = false;
    for result in [writer.append(b"x"), writer.flush(), writer.sync()] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    assert_eq!(writer.close().unwrap_err().to_string(), expected);
}

#[test]
fn an_error_in_the_background_is_told_to_the_next_caller() {
    let (disk, writer) = writer(0, FileOptions::default().sync_ms(1));
    writer.append(b"first").unwrap();
    let told = (0..10_000).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        writer.append(b"more").err()
    });
    assert_eq!(told.unwrap().kind(), ErrorKind::Io);
    disk.0.lock().room = 1 << 20;
    writer.append(b"last").unwrap();
    writer.close().unwrap();
    let events = events(&disk, lazy());
    assert_eq!(
        (&*events[0], events.last().unwrap().as_slice()),
        (&b"first"[..], &b"last"[..])
    );
}

#[test]
fn the_file_is_stored_by_bytes_and_by_time() {
    let (disk, by_bytes) = writer(1 << 20, lazy().sync_bytes(100));
    for _ in 0..10 {
        by_bytes.append(&[1; 46]).unwrap();
    }
    assert_eq!(disk.0.lock().syncs, 5);

    let (disk, _by_time) = {
        let (disk, writer) = writer(1 << 20, FileOptions::default().sync_ms(1));
        writer.append(b"x").unwrap();
        (disk, writer)
    };
    while disk.0.lock().syncs == 0 {
        std::thread::yield_now();
    }
    assert_eq!(events(&disk, lazy()), [b"x"]);
}
