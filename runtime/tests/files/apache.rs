//! The format of Apache's `TFileTransport`.

use std::fs;
use std::io::Cursor;

use seapink::ErrorKind;
use seapink::transport::file::{FileOptions, FileReader, FileWriter, ReadMode};

use crate::support::{CHUNK, Log, all, apache, ends, over};

/// An event as it stands in a file.
fn event(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

#[test]
fn the_format_is_that_of_apache() {
    let log = Log::new(apache());
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
fn events_that_do_not_fit_are_refused_and_the_next_one_is_written() {
    let log = Log::new(apache());
    let writer = FileWriter::open(&log.path, apache()).unwrap();
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
    let writer = FileWriter::open(&log.path, apache().event_bytes_max(10)).unwrap();
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
fn a_tail_torn_at_every_byte_is_recovered_and_appended_to() {
    let log = Log::new(apache());
    let events: [&[u8]; 5] = [
        b"0123456789",
        b"abc",
        b"0123456789ABCDEF",
        b"x",
        b"last one",
    ];
    log.append(&events);
    let whole = log.bytes();
    let ends = ends(&whole, apache());
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
        let mut reader = FileReader::over(cursor, apache(), ReadMode::ToEnd).unwrap();
        assert_eq!(all(&mut reader).unwrap(), [b"good", b"next"]);
        let [skipped] = reader.skipped() else {
            panic!("{:?}", reader.skipped());
        };
        assert_eq!((skipped.offset, skipped.bytes), (8, 24));

        // At the end of a chunk, the next event will start another one.
        bytes.truncate(CHUNK);
        let mut reader = over(&bytes, apache());
        assert_eq!(all(&mut reader).unwrap(), [b"good"]);
        assert_eq!((reader.offset(), reader.skipped_bytes()), (32, 24));

        // Before it there is nowhere to go: that is an error, again and again.
        bytes.truncate(CHUNK - 1);
        let mut reader = FileReader::over(Cursor::new(bytes), apache(), ReadMode::ToEnd).unwrap();
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
    let log = Log::new(apache());
    let mut bytes = event(b"good");
    bytes.extend([0xff; 10]);
    fs::write(&log.path, &bytes).unwrap();
    log.append(&[b"new"]);
    assert_eq!(log.bytes()[..18], bytes);
    assert_eq!(log.events(), [&b"good"[..], b"new"]);
}

#[test]
fn flipping_any_byte_never_panics_and_costs_one_chunk_at_most() {
    let log = Log::new(apache());
    let events: Vec<Vec<u8>> = (1..20).map(|size| vec![9; size]).collect();
    log.append(&events.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let whole = log.bytes();
    let last_chunk = (whole.len() - 1) / CHUNK;
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match all(&mut over(&bytes, apache())) {
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
    let mut reader = FileReader::over(Cursor::new(bytes), apache(), ReadMode::ToEnd).unwrap();
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
fn a_tailing_reader_waits_for_the_border_behind_nonsense() {
    let log = Log::new(apache());
    let mut bytes = event(b"good");
    bytes.extend([0xff; 10]);
    fs::write(&log.path, &bytes).unwrap();
    let mut reader = FileReader::open(&log.path, apache(), ReadMode::Tail).unwrap();
    assert_eq!(reader.next_event().unwrap(), Some(&b"good"[..]));
    let path = log.path.clone();
    let thread = std::thread::spawn(move || {
        let writer = FileWriter::open(path, apache()).unwrap();
        writer.append(b"new").unwrap();
    });
    assert_eq!(reader.next_event().unwrap(), Some(&b"new"[..]));
    assert_eq!(reader.skipped().len(), 1);
    thread.join().unwrap();
}
