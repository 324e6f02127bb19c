//! Files of messages: written, torn, corrupted, tailed and replayed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use seapink::ErrorKind;
use seapink::transport::file::{FileOptions, FileReader, FileWriter, ReadMode};

const CHUNK: usize = 32;

fn small() -> FileOptions {
    FileOptions::default().chunk_bytes(32).poll_ms(1)
}

struct Log {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Log {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("calls.log");
        Self {
            _directory: directory,
            path,
        }
    }

    fn append(&self, events: &[&[u8]]) {
        let writer = FileWriter::open(&self.path, small()).unwrap();
        for event in events {
            writer.append(event).unwrap();
        }
        writer.close().unwrap();
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    fn reader(&self) -> FileReader {
        FileReader::open(&self.path, small(), ReadMode::ToEnd).unwrap()
    }

    fn events(&self) -> Vec<Vec<u8>> {
        all(&mut self.reader()).unwrap()
    }
}

fn all<F: std::io::Read + std::io::Seek>(
    reader: &mut FileReader<F>,
) -> seapink::Result<Vec<Vec<u8>>> {
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(event.to_vec());
    }
    Ok(events)
}

/// An event as it stands in a file.
fn event(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

fn read(bytes: &[u8]) -> seapink::Result<Vec<Vec<u8>>> {
    let reader = FileReader::over(Cursor::new(bytes.to_vec()), small(), ReadMode::ToEnd);
    all(&mut reader.unwrap())
}

#[test]
fn the_format_is_that_of_apache() {
    let log = Log::new();
    // 4 + 10, 4 + 10, then 4 bytes are left in the chunk, which no event fits into.
    log.append(&[b"0123456789", b"abcdefghij", b"next chunk"]);
    let mut expected = event(b"0123456789");
    expected.extend(event(b"abcdefghij"));
    expected.extend([0; 4]);
    expected.extend(event(b"next chunk"));
    assert_eq!(log.bytes(), expected);
    assert_eq!(
        log.events(),
        [&b"0123456789"[..], b"abcdefghij", b"next chunk"]
    );
}

#[test]
fn every_size_and_place_of_events_round_trips() {
    for first in 1..=CHUNK - 4 {
        for second in 1..=CHUNK - 4 {
            let log = Log::new();
            let events = [
                vec![1; first],
                vec![2; second],
                vec![3; 5],
                vec![4; CHUNK - 4],
            ];
            let slices: Vec<&[u8]> = events.iter().map(Vec::as_slice).collect();
            // In two goes, so that appending to every length is tried as well.
            log.append(&slices[..2]);
            log.append(&slices[2..]);
            assert_eq!(log.events(), events, "{first} {second}");
            for start in (0..log.bytes().len()).step_by(CHUNK) {
                let size = log.bytes()[start];
                assert!((1..=28).contains(&size), "a chunk starts with an event");
            }
        }
    }
}

#[test]
fn events_that_do_not_fit_are_refused_and_the_next_one_is_written() {
    let log = Log::new();
    let writer = FileWriter::open(&log.path, small()).unwrap();
    for (event, text) in [
        (
            &[][..],
            "an event is not empty: its size would mean padding",
        ),
        (
            &[1; 29],
            "the event has 29 bytes and its size 4, more than chunk_bytes = 32",
        ),
    ] {
        let error = writer.append(event).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Limit, text)
        );
    }
    writer.append(&[1; 28]).unwrap();
    drop(writer);
    let writer = FileWriter::open(&log.path, small().event_bytes_max(10)).unwrap();
    let error = writer.append(&[2; 11]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the event has 11 bytes, more than event_bytes_max = 10"
    );
    writer.append(&[2; 10]).unwrap();
    drop(writer);
    assert_eq!(log.events(), [vec![1; 28], vec![2; 10]]);
}

#[test]
fn options_and_files_that_cannot_be_used_are_errors() {
    let log = Log::new();
    let text = |options| {
        FileWriter::open(&log.path, options)
            .unwrap_err()
            .to_string()
    };
    let expected = "chunk_bytes must be a number from 8 to 1073741824, not 7";
    assert_eq!(text(small().chunk_bytes(7)), expected);
    assert_eq!(
        text(small().sync_ms(0)),
        "sync_ms must be a number from 1 to 86400000, not 0"
    );
    let error = FileReader::open(&log.path, small(), ReadMode::ToEnd)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot open ") && error.contains("calls.log: No such"),
        "{error}"
    );
    let writer = FileWriter::open(&log.path, small()).unwrap();
    let second = text(small());
    assert_eq!(
        second,
        format!("another writer has {} open", log.path.display())
    );
    drop(writer);
    FileWriter::open(&log.path, small()).unwrap();
}

#[test]
fn a_tail_torn_at_every_byte_is_recovered_and_appended_to() {
    let log = Log::new();
    let events: [&[u8]; 5] = [
        b"0123456789",
        b"abc",
        b"0123456789ABCDEF",
        b"x",
        b"last one",
    ];
    log.append(&events);
    let whole = log.bytes();
    // Where each event ends.
    let mut ends = Vec::new();
    let mut reader = log.reader();
    while reader.next_event().unwrap().is_some() {
        ends.push(usize::try_from(reader.offset()).unwrap());
    }
    for len in 0..=whole.len() {
        for zeros in [0, 1, 3, 4, 9] {
            // What a crash leaves: fewer bytes, or zeros instead of bytes.
            let mut torn = whole[..len].to_vec();
            let end = (len + zeros).min(len.next_multiple_of(CHUNK));
            torn.resize(end, 0);
            fs::write(&log.path, &torn).unwrap();
            let kept = ends.iter().filter(|end| **end <= len).count();
            // The zeros may complete an event; nobody can tell.
            let found = log.events();
            assert!(
                found.len() == kept || found.len() == kept + 1,
                "{len} {zeros}"
            );
            assert_eq!(found[..kept], events[..kept]);
            log.append(&[b"new"]);
            let again = log.events();
            assert_eq!(again[..found.len()], found, "{len} {zeros}");
            assert_eq!(again[found.len()..], [b"new"], "{len} {zeros}");
        }
    }
}

#[test]
fn nonsense_is_passed_over_to_the_next_chunk() {
    let good = event(b"good");
    // Too large for the chunk, larger than a chunk, crossing the border, negative.
    for size in [25_u32, 33, 1 << 24, u32::MAX] {
        let mut bytes = good.clone();
        bytes.extend(size.to_le_bytes());
        bytes.resize(CHUNK, 7);
        bytes.extend(event(b"next"));
        let cursor = Cursor::new(bytes.clone());
        let mut reader = FileReader::over(cursor, small(), ReadMode::ToEnd).unwrap();
        assert_eq!(all(&mut reader).unwrap(), [b"good", b"next"]);
        let [skipped] = reader.skipped() else {
            panic!("{:?}", reader.skipped());
        };
        assert_eq!((skipped.offset, skipped.bytes), (8, 24));

        // In the last chunk there is nowhere to go: that is an error, again and again.
        bytes.truncate(CHUNK);
        let mut reader = FileReader::over(Cursor::new(bytes), small(), ReadMode::ToEnd).unwrap();
        assert_eq!(reader.next_event().unwrap(), Some(&b"good"[..]));
        for _ in 0..2 {
            let error = reader.next_event().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
            assert_eq!(error.to_string(), "the file is corrupted at offset 8");
        }
    }
}

#[test]
fn a_writer_keeps_nonsense_and_goes_on_behind_it() {
    let log = Log::new();
    let mut bytes = event(b"good");
    bytes.extend([0xff; 10]);
    fs::write(&log.path, &bytes).unwrap();
    log.append(&[b"new"]);
    assert_eq!(log.bytes()[..18], bytes);
    assert_eq!(log.events(), [&b"good"[..], b"new"]);
}

#[test]
fn flipping_any_byte_never_panics_and_costs_one_chunk_at_most() {
    let log = Log::new();
    let events: Vec<Vec<u8>> = (1..20).map(|size| vec![9; size]).collect();
    log.append(&events.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let whole = log.bytes();
    let last_chunk = (whole.len() - 1) / CHUNK;
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match read(&bytes) {
                // Events of other chunks are all there.
                Ok(found) => {
                    let mine = in_chunk(&whole, at / CHUNK);
                    let others = events.len() - mine;
                    assert!(found.len() >= others, "{at}");
                }
                Err(error) => {
                    assert_eq!(at / CHUNK, last_chunk, "{error}");
                    assert_eq!(error.kind(), ErrorKind::Malformed);
                }
            }
        }
    }
}

/// How many events start in a chunk.
fn in_chunk(bytes: &[u8], chunk: usize) -> usize {
    let mut reader = FileReader::over(Cursor::new(bytes), small(), ReadMode::ToEnd).unwrap();
    reader.seek_to_chunk(chunk.try_into().unwrap()).unwrap();
    let end = reader.chunk_end();
    let mut events = 0;
    while reader.next_event_before(end).unwrap().is_some() {
        events += 1;
    }
    events
}

#[test]
fn a_huge_size_allocates_nothing() {
    // A chunk as large as can be, so that the size is plausible.
    let options = FileOptions::default().chunk_bytes(1 << 30);
    let mut bytes = ((1_u32 << 30) - 4).to_le_bytes().to_vec();
    bytes.extend(b"six");
    let mut reader = FileReader::over(Cursor::new(bytes), options, ReadMode::ToEnd).unwrap();
    assert_eq!(reader.next_event().unwrap(), None);
    assert_eq!(reader.offset(), 0);
}

#[test]
fn chunks_can_be_counted_and_sought() {
    let log = Log::new();
    fs::write(&log.path, []).unwrap();
    let mut reader = log.reader();
    assert_eq!(reader.num_chunks().unwrap(), 0);
    reader.seek_to_chunk(0).unwrap();
    reader.seek_to_chunk(-1).unwrap();
    assert_eq!(reader.next_event().unwrap(), None);

    log.append(&[&[0; 28], &[1; 28], &[2; 10], &[3; 2]]);
    let mut reader = log.reader();
    assert_eq!(reader.num_chunks().unwrap(), 3);
    for (chunk, expected) in [
        (0, Some(0)),
        (1, Some(1)),
        (2, Some(2)),
        (-1, Some(2)),
        (-2, Some(1)),
        (-3, Some(0)),
        (-4, Some(0)),
        (i64::MIN, Some(0)),
        (3, None),
        (i64::MAX, None),
    ] {
        reader.seek_to_chunk(chunk).unwrap();
        let found = reader.next_event().unwrap().map(|event| event[0]);
        assert_eq!(found, expected, "{chunk}");
    }
    assert_eq!(reader.chunk(), 2);
    log.append(&[&[4; 2]]);
    assert_eq!(reader.next_event().unwrap(), Some(&[4, 4][..]));
}

#[test]
fn a_reader_finds_what_is_written_after_it_reached_the_end() {
    let log = Log::new();
    log.append(&[b"one"]);
    let mut reader = log.reader();
    assert_eq!(all(&mut reader).unwrap(), [b"one"]);
    // Half an event is none.
    let mut file = fs::OpenOptions::new().append(true).open(&log.path).unwrap();
    file.write_all(&event(b"two")[..5]).unwrap();
    assert_eq!(reader.next_event().unwrap(), None);
    file.write_all(&event(b"two")[5..]).unwrap();
    assert_eq!(reader.next_event().unwrap(), Some(&b"two"[..]));
}

#[test]
fn one_retry_waits_once() {
    let log = Log::new();
    log.append(&[b"one"]);
    let mode = ReadMode::RetryOnce(Duration::from_millis(1));
    let mut reader = FileReader::open(&log.path, small(), mode).unwrap();
    assert_eq!(all(&mut reader).unwrap(), [b"one"]);
    log.append(&[b"two"]);
    assert_eq!(all(&mut reader).unwrap(), [b"two"]);
}

#[test]
fn a_tailing_reader_follows_a_writer_until_it_is_stopped() {
    let log = Log::new();
    let writer = FileWriter::open(&log.path, small()).unwrap();
    let mut reader = FileReader::open(&log.path, small(), ReadMode::Tail).unwrap();
    let stop = reader.stop();
    let (send, received) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        while let Some(event) = reader.next_event().unwrap() {
            send.send(event.to_vec()).unwrap();
        }
    });
    for number in 0..200_u8 {
        let event = vec![number; usize::from(number % 28) + 1];
        writer.append(&event).unwrap();
        if number % 7 == 0 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();
    for number in 0..200_u8 {
        let event = received.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(event, vec![number; usize::from(number % 28) + 1]);
    }
    stop.stop();
    thread.join().unwrap();
    assert!(received.recv().is_err());
}

#[test]
fn a_tailing_reader_waits_for_the_border_behind_nonsense() {
    let log = Log::new();
    let mut bytes = event(b"good");
    bytes.extend([0xff; 10]);
    fs::write(&log.path, &bytes).unwrap();
    let mut reader = FileReader::open(&log.path, small(), ReadMode::Tail).unwrap();
    assert_eq!(reader.next_event().unwrap(), Some(&b"good"[..]));
    let path = log.path.clone();
    let thread = std::thread::spawn(move || {
        let writer = FileWriter::open(path, small()).unwrap();
        writer.append(b"new").unwrap();
    });
    assert_eq!(reader.next_event().unwrap(), Some(&b"new"[..]));
    assert_eq!(reader.skipped().len(), 1);
    thread.join().unwrap();
}

/// What the child below does, when this is set to a path.
const VICTIM: &str = "SEAPINK_TEST_FILE_VICTIM";

#[cfg(unix)]
#[test]
fn what_was_stored_survives_the_death_of_the_writer() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    if let Some(path) = std::env::var_os(VICTIM) {
        write_for_ever(Path::new(&path));
    }
    let log = Log::new();
    let mut stored = 0_u32;
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "what_was_stored_survives_the_death_of_the_writer",
                "--nocapture",
            ])
            .env(VICTIM, &log.path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers = lines
            .map(|line| line.unwrap())
            .filter_map(|line| line.parse::<u32>().ok());
        if let Some(number) = numbers.take(20 + round * 13).last() {
            stored = number;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let events = log.events();
        assert!(events.len() > stored as usize, "round {round}");
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event[..4], u32::try_from(number).unwrap().to_be_bytes());
        }
        stored = u32::try_from(events.len()).unwrap() - 1;
    }
}

/// Appends numbered events, and prints the number of each that is stored.
fn write_for_ever(path: &Path) -> ! {
    let mut number = if path.exists() {
        let mut reader = FileReader::open(path, small(), ReadMode::ToEnd).unwrap();
        u32::try_from(all(&mut reader).unwrap().len()).unwrap()
    } else {
        0
    };
    let writer = FileWriter::open(path, small()).unwrap();
    loop {
        let mut event = number.to_be_bytes().to_vec();
        event.resize(4 + number as usize % 25, 5);
        writer.append(&event).unwrap();
        if number % 3 == 0 {
            writer.sync().unwrap();
            println!("{number}");
        }
        number += 1;
    }
}
