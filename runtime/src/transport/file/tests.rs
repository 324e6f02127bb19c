//! Disks that fail.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::detect::{Begun, begun};
use super::format::Layout;
use super::medium::Medium;
use super::options::MS_MAX;
use super::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};
use crate::error::ErrorKind;

/// A file in memory, on a disk that can be full or broken.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Bytes that there is room for.
    room: usize,
    /// Bytes that are taken at a time, if not all.
    stride: Option<usize>,
    /// Writes that are interrupted before one is not.
    interrupted: usize,
    /// The length cannot be changed.
    fixed: bool,
    broken: bool,
    syncs: usize,
}

impl Medium for Disk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.interrupted > 0 {
            state.interrupted -= 1;
            return Err(io::ErrorKind::Interrupted.into());
        }
        let offset = usize::try_from(offset).unwrap();
        let bytes = &bytes[..bytes.len().min(state.stride.unwrap_or(bytes.len()))];
        let end = (offset + bytes.len()).min(state.room.max(offset));
        let len = state.bytes.len().max(end);
        state.bytes.resize(len, 0);
        state.bytes[offset..end].copy_from_slice(&bytes[..end - offset]);
        if end == offset {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(end - offset)
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = usize::try_from(bytes).unwrap();
        let mut state = self.0.lock();
        if state.fixed {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        state.bytes.resize(bytes, 0);
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

const BOTH: [FileFormat; 2] = [FileFormat::Apache, FileFormat::Checksummed];

/// Options of a writer that stores nothing by itself.
fn lazy(format: FileFormat) -> FileOptions {
    FileOptions::default().format(format).sync_ms(MS_MAX)
}

/// A new file with room for so many bytes of events, and what is in it besides.
fn writer(room: usize, options: FileOptions) -> (Disk, FileWriter, usize) {
    let disk = Disk::default();
    let Begun::No(layout, head) = begun(&[], &options).unwrap() else {
        panic!("a new file has a beginning");
    };
    let start = head.len();
    disk.0.lock().bytes = head;
    disk.0.lock().room = start + room;
    let end = start as u64;
    let writer = FileWriter::over(Box::new(disk.clone()), end, layout, options).unwrap();
    (disk, writer, start)
}

fn events(disk: &Disk, options: FileOptions) -> Vec<Vec<u8>> {
    let bytes = io::Cursor::new(disk.0.lock().bytes.clone());
    let mut reader = FileReader::over(bytes, options, ReadMode::ToEnd).unwrap();
    let mut events = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        events.push(event.to_vec());
    }
    assert_eq!(reader.skipped_places(), 0);
    events
}

#[test]
fn t26_a_full_disk_is_told_and_loses_nothing_that_was_accepted() {
    for format in BOTH {
        let head = if format == FileFormat::Apache { 4 } else { 12 };
        for room in 0..40 {
            let (disk, writer, start) = writer(room, lazy(format));
            writer.append(b"first").unwrap();
            writer.append(b"second").unwrap();
            let flushed = writer.flush();
            assert_eq!(flushed.is_ok(), room >= 11 + 2 * head, "{room}");
            if let Err(error) = flushed {
                let expected = "the file could not be written: no storage space";
                assert_eq!(error.to_string(), expected);
                assert_eq!(error.kind(), ErrorKind::Io);
                // Nothing torn is left behind.
                assert_eq!(disk.0.lock().bytes.len(), start);
            }
            disk.0.lock().room = 1000;
            writer.append(b"third").unwrap();
            writer.close().unwrap();
            let found = events(&disk, lazy(format));
            assert_eq!(found, [&b"first"[..], b"second", b"third"]);
        }
    }
}

#[test]
fn t26_an_event_that_the_disk_did_not_take_is_not_in_the_file() {
    for format in BOTH {
        let (disk, writer, _) = writer(0, lazy(format));
        writer.append(b"small").unwrap();
        let big = vec![1; 100_000];
        writer.append(&big).unwrap_err();
        writer.append(&big).unwrap_err();
        disk.0.lock().room = 1 << 20;
        writer.append(&big).unwrap();
        writer.close().unwrap();
        assert_eq!(events(&disk, lazy(format)), [b"small".to_vec(), big]);
    }
}

/// Whoever stores each event and is told that one was not taken may append it again.
#[test]
fn t26_an_event_is_refused_when_it_was_to_be_stored_at_once() {
    for format in BOTH {
        let options = lazy(format).sync_every_event();
        let (disk, writer, _) = writer(18, options);
        writer.append(b"first").unwrap();
        for _ in 0..3 {
            let error = writer.append(b"second").unwrap_err();
            let expected = "the file could not be written: no storage space";
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(events(&disk, options), [b"first"]);
        disk.0.lock().room = 1000;
        writer.append(b"second").unwrap();
        assert_eq!(disk.0.lock().syncs, 2);
        assert_eq!(events(&disk, options), [&b"first"[..], b"second"]);
    }
}

#[test]
fn t26_short_and_interrupted_writes_are_gone_on_with() {
    for format in BOTH {
        for stride in 1..20 {
            let (disk, writer, _) = writer(1 << 20, lazy(format).chunk_bytes(200));
            disk.0.lock().stride = Some(stride);
            disk.0.lock().interrupted = stride;
            let written: Vec<_> = (1..30).map(|size| vec![7; size]).collect();
            for event in &written {
                writer.append(event).unwrap();
            }
            writer.close().unwrap();
            let found = events(&disk, lazy(format).chunk_bytes(200));
            assert_eq!(found, written, "{stride}");
        }
    }
}

/// Where a chunk ends, nothing is written, but the file gets longer.
#[test]
fn t26_a_chunk_that_cannot_be_filled_up_is_told_and_goes_on() {
    for format in BOTH {
        let options = lazy(format).chunk_bytes(100);
        let (disk, writer, _) = writer(1 << 20, options);
        writer.append(&[1; 40]).unwrap();
        disk.0.lock().fixed = true;
        for _ in 0..2 {
            let error = writer.append(&[2; 60]).unwrap_err();
            let expected = "the file could not be written: file too large";
            assert_eq!(error.to_string(), expected);
            writer.flush().unwrap();
            assert_eq!(events(&disk, options), [vec![1; 40]]);
        }
        // There is room for small ones, behind which the mark of the end was.
        writer.append(&[3; 1]).unwrap();
        disk.0.lock().fixed = false;
        writer.append(&[4; 60]).unwrap();
        writer.close().unwrap();
        let expected = [vec![1; 40], vec![3; 1], vec![4; 60]];
        assert_eq!(events(&disk, options), expected);
    }
}

#[test]
fn t26_after_a_failed_sync_nothing_is_accepted() {
    for format in BOTH {
        let (disk, writer, _) = writer(1000, lazy(format));
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
}

#[test]
fn t26_an_error_in_the_background_is_told_to_the_next_caller() {
    for format in BOTH {
        let (disk, writer, _) = writer(0, lazy(format).sync_ms(1));
        writer.append(b"first").unwrap();
        let told = (0..10_000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            writer.append(b"more").err()
        });
        assert_eq!(told.unwrap().kind(), ErrorKind::Io);
        disk.0.lock().room = 1 << 20;
        writer.append(b"last").unwrap();
        writer.close().unwrap();
        let events = events(&disk, lazy(format));
        assert_eq!(
            (&*events[0], events.last().unwrap().as_slice()),
            (&b"first"[..], &b"last"[..])
        );
    }
}

#[test]
fn the_file_is_stored_by_events_by_bytes_and_by_time() {
    let syncs = |options: FileOptions| {
        let (disk, writer, _) = writer(1 << 20, options);
        for _ in 0..10 {
            writer.append(&[1; 46]).unwrap();
        }
        let syncs = disk.0.lock().syncs;
        drop(writer);
        syncs
    };
    for format in BOTH {
        assert_eq!(syncs(lazy(format)), 0);
        assert_eq!(syncs(lazy(format).sync_bytes(100)), 5);
        assert_eq!(syncs(lazy(format).sync_events(3)), 3);
        assert_eq!(syncs(lazy(format).sync_events(3).sync_bytes(100)), 5);
        assert_eq!(syncs(lazy(format).sync_every_event()), 10);

        let (disk, _by_time, _) = {
            let (disk, writer, start) = writer(1 << 20, lazy(format).sync_ms(1));
            writer.append(b"x").unwrap();
            (disk, writer, start)
        };
        while disk.0.lock().syncs == 0 {
            std::thread::yield_now();
        }
        assert_eq!(events(&disk, lazy(format)), [b"x"]);
    }
}

#[test]
fn a_head_is_bound_to_its_place() {
    let layout = Layout::new(FileFormat::Checksummed, 1 << 20, &FileOptions::default());
    let mut head = Vec::new();
    Layout::append_head(100, 5, layout.checksum(b"event"), &mut head);
    assert!(matches!(
        layout.judge(100, &head),
        super::format::Place::Event(5, Some(_))
    ));
    assert_eq!(layout.judge(101, &head), super::format::Place::Nonsense);
}
