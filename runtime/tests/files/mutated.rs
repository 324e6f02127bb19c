//! Files that chance has changed: 100 000 of each format, from a seed.

use std::io::Cursor;

use allocation_counter::measure;
use seapink::ErrorKind;
use seapink::transport::file::{FileFormat, FileOptions, FileReader, ReadMode};

use crate::support::{Log, apache, checksummed};

const FILES: usize = 100_000;

/// Memory that a reader takes whatever it reads.
const READER_BYTES: u64 = 16 * 1024 + 1024 * 16 * 2;

/// Files as writers leave them, each with its events.
fn originals(options: FileOptions, rng: &mut fastrand::Rng) -> Vec<(Vec<Vec<u8>>, Vec<u8>)> {
    let head = match options.format {
        Some(FileFormat::Checksummed) => 12,
        _ => 4,
    };
    let max = options.chunk_bytes as usize - head;
    (0..20)
        .map(|_| {
            let log = Log::new(options);
            let count = rng.u8(0..60);
            let events: Vec<_> = (0..count)
                .map(|number| {
                    let size = match rng.u8(0..4) {
                        // Around the border.
                        0 => max - rng.usize(0..3),
                        _ => rng.usize(1..max / 3),
                    };
                    let mut event = vec![rng.u8(..); size];
                    event[0] = number;
                    event
                })
                .collect();
            log.append(&events);
            (events, log.bytes())
        })
        .collect()
}

/// One change of those that disks, crashes and people make.
fn mutate(bytes: &mut Vec<u8>, chunk: usize, rng: &mut fastrand::Rng) {
    let at = rng.usize(0..=bytes.len());
    let end = rng.usize(at..=bytes.len());
    match rng.u8(0..9) {
        0 => bytes.truncate(at),
        1 => bytes[at..end].fill(0),
        2 => bytes.extend((0..rng.usize(0..40)).map(|_| rng.u8(..))),
        3 => bytes.resize(bytes.len() + rng.usize(0..chunk), 0),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        // A number that could be a size.
        6 if bytes.len() - at >= 4 => {
            let some = rng.u32(0..300);
            let size = rng.choice([0, 1, 0x7fff_ffff, u32::MAX, some]);
            let size = size.unwrap().to_le_bytes();
            bytes[at..at + 4].copy_from_slice(&size);
        }
        7 => bytes
            .iter_mut()
            .skip(at)
            .take(8)
            .for_each(|byte| *byte = rng.u8(..)),
        _ if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
        _ => {}
    }
}

/// Reads a file to its end, and returns its events. Fails when that does not get on.
fn read(bytes: &[u8], options: FileOptions) -> Vec<Vec<u8>> {
    let mut reader = FileReader::over(Cursor::new(bytes), options, ReadMode::ToEnd).unwrap();
    let mut events = Vec::new();
    loop {
        let before = reader.offset();
        match reader.next_event() {
            Ok(Some(event)) => {
                assert!(!event.is_empty() && event.len() < bytes.len());
                events.push(event.to_vec());
                assert!(reader.offset() > before, "no progress at {before}");
            }
            Ok(None) => break,
            Err(error) => {
                assert!(matches!(
                    error.kind(),
                    ErrorKind::Malformed | ErrorKind::Config
                ));
                break;
            }
        }
    }
    // Once at the end, always at the end.
    let offset = reader.offset();
    let again = reader.next_event().map(|event| event.map(<[u8]>::to_vec));
    assert!(!matches!(again, Ok(Some(_))));
    assert_eq!(reader.offset(), offset);
    assert!(offset <= bytes.len().max(32) as u64);
    assert!(reader.skipped_bytes() <= bytes.len() as u64);
    events
}

fn check(options: FileOptions, seed: u64, judge: impl Fn(&[Vec<u8>], &[Vec<u8>])) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let chunk = options.chunk_bytes as usize;
    let originals = originals(options, &mut rng);
    for _ in 0..FILES {
        let (events, whole) = rng.choice(&originals).unwrap();
        let mut bytes = whole.clone();
        for _ in 0..rng.usize(1..4) {
            mutate(&mut bytes, chunk, &mut rng);
        }
        let mut found = Vec::new();
        let used = measure(|| found = read(&bytes, options));
        // The events that the test keeps, once as they are and once more while a vector grows.
        let bound = READER_BYTES + 4 * bytes.len() as u64 + 100 * found.len() as u64;
        assert!(used.bytes_max < bound, "{} of {bound}", used.bytes_max);
        judge(events, &found);
    }
}

#[test]
fn mutated_files_of_apaches_format_are_read_to_an_end() {
    // Nothing says what was written: an event that was changed is an event.
    check(apache(), 1, |_, _| ());
}

#[test]
fn mutated_files_with_checksums_have_whole_events_only() {
    check(checksummed(), 2, |written, found| {
        let mut written = written.iter();
        for event in found {
            assert!(
                written.any(|other| other == event),
                "{event:?} was not written there"
            );
        }
    });
}

/// Also where nobody has said that there are checksums.
#[test]
fn mutated_files_are_read_by_readers_that_were_told_nothing() {
    let mut rng = fastrand::Rng::with_seed(3);
    for (_, whole) in originals(checksummed(), &mut rng) {
        for _ in 0..200 {
            let mut bytes = whole.clone();
            mutate(&mut bytes, 128, &mut rng);
            read(&bytes, FileOptions::default());
        }
    }
}

/// A writer opens whatever is there, and what it appends can be read.
#[test]
fn mutated_files_are_appended_to() {
    for (options, seed) in [(apache(), 4), (checksummed(), 5)] {
        let mut rng = fastrand::Rng::with_seed(seed);
        let log = Log::new(options);
        for (_, whole) in originals(options, &mut rng) {
            for _ in 0..50 {
                let mut bytes = whole.clone();
                mutate(&mut bytes, options.chunk_bytes as usize, &mut rng);
                std::fs::write(&log.path, &bytes).unwrap();
                let before = read(&bytes, options);
                match seapink::transport::file::FileWriter::open(&log.path, options) {
                    Ok(writer) => writer.append(b"appended").unwrap(),
                    Err(error) => {
                        assert_eq!(options.format, Some(FileFormat::Checksummed), "{error}");
                        continue;
                    }
                }
                let after = log.events();
                assert_eq!(after.last().unwrap(), b"appended");
                assert_eq!(after[..after.len() - 1], before);
            }
        }
    }
}
