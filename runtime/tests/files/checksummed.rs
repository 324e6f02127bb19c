//! The format with checksums: what is read is what was written.

use std::fs;

use seapink::ErrorKind;
use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};

use crate::support::{CHECKED_CHUNK, Log, all, apache, checksummed, ends, over};

const HEAD: usize = 12;
const FILE_HEAD: usize = 32;

/// The bytes before an event, as `docs/files.md` has them.
fn head(offset: usize, event: &[u8]) -> Vec<u8> {
    let mut head = u32::try_from(event.len()).unwrap().to_le_bytes().to_vec();
    head.extend(crc32fast::hash(event).to_le_bytes());
    let place = [&(offset as u64).to_le_bytes()[..], &head].concat();
    head.extend(crc32fast::hash(&place).to_le_bytes());
    head
}

fn event(offset: usize, event: &[u8]) -> Vec<u8> {
    [&head(offset, event), event].concat()
}

/// Events of all sizes, over several chunks.
fn sample() -> (Vec<Vec<u8>>, Vec<u8>) {
    let events: Vec<_> = (1..20)
        .map(|size| vec![size; usize::from(size) * 5])
        .collect();
    let log = Log::new(checksummed());
    log.append(&events);
    (events, log.bytes())
}

/// Whether the second has some of the first, in their order.
fn is_part(all: &[Vec<u8>], some: &[Vec<u8>]) -> bool {
    let mut all = all.iter();
    some.iter().all(|event| all.any(|other| other == event))
}

#[test]
fn the_bytes_are_those_of_the_documentation() {
    let log = Log::new(checksummed());
    // 32 + 12 + 40 + 12 + 10 are 106 of 128: room for a head, which says that there is no more.
    log.append(&[&[1; 40][..], &[2; 10], b"the next chunk"]);
    let mut expected = b"\x89SEALOG\n\x01\0\0\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    expected.extend(crc32fast::hash(&expected).to_le_bytes());
    assert_eq!(expected.len(), FILE_HEAD);
    expected.extend(event(32, &[1; 40]));
    expected.extend(event(84, &[2; 10]));
    let mut end = vec![0; 8];
    let place = [&106_u64.to_le_bytes()[..], &end].concat();
    end.extend(crc32fast::hash(&place).to_le_bytes());
    expected.extend(end);
    expected.extend([0; 10]);
    expected.extend(event(128, b"the next chunk"));
    assert_eq!(log.bytes(), expected);

    // Where a head has no room, the chunk ends without one.
    let log = Log::new(checksummed());
    log.append(&[&[1; 80][..], b"the next chunk"]);
    assert_eq!(
        log.bytes()[124..],
        [&[0; 4], &*event(128, b"the next chunk")].concat()
    );
}

/// It is in the file.
#[test]
fn a_reader_need_not_be_told_how_large_chunks_are() {
    let log = Log::new(checksummed());
    let events: Vec<_> = (1..40).map(|size| vec![9; size]).collect();
    log.append(&events);
    let mut reader = FileReader::open(&log.path, FileOptions::default(), ReadMode::ToEnd).unwrap();
    assert_eq!(all(&mut reader).unwrap(), events);
    assert_eq!(reader.format(), Some(FileFormat::Checksummed));
    // Nor need a writer that appends to it.
    let writer = FileWriter::open(&log.path, FileOptions::default()).unwrap();
    writer.append(&[9; 40]).unwrap();
    let error = writer.append(&[9; CHECKED_CHUNK]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    drop(writer);
    assert_eq!(log.events().len(), 40);
}

#[test]
fn a_head_torn_at_every_byte_is_begun_anew() {
    let log = Log::new(checksummed());
    log.append::<&[u8]>(&[]);
    let head = log.bytes();
    assert_eq!(head.len(), FILE_HEAD);
    for len in 0..=FILE_HEAD {
        fs::write(&log.path, &head[..len]).unwrap();
        assert_eq!(log.events().len(), 0);
        log.append(&[b"event"]);
        assert_eq!(log.events(), [b"event"]);
    }
}

#[test]
fn a_damaged_head_is_an_error_for_whoever_does_not_know_what_it_says() {
    let (events, whole) = sample();
    for at in 0..FILE_HEAD {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        let log = Log::new(checksummed());
        fs::write(&log.path, &bytes).unwrap();
        let named = |text: &str| format!("cannot open {}: {text}", log.path.display());
        // Told what it is.
        let mut reader = over(&bytes, checksummed());
        if at < 8 {
            let text = "the file has no checksums, and FileFormat::Checksummed was asked for";
            assert_eq!(all(&mut reader).unwrap_err().to_string(), text);
            let error = FileWriter::open(&log.path, checksummed()).unwrap_err();
            assert_eq!(error.to_string(), named(text));
            continue;
        }
        assert_eq!(all(&mut reader).unwrap(), events);
        assert_eq!((reader.skipped_places(), reader.skipped_bytes()), (1, 32));
        // Not told.
        let error = FileReader::open(&log.path, apache(), ReadMode::ToEnd).unwrap_err();
        let text = "the head of the file is damaged; whoever names its format and chunk_bytes can \
                    read the rest";
        assert_eq!(error.to_string(), named(text));
        for options in [checksummed(), apache()] {
            let error = FileWriter::open(&log.path, options).unwrap_err();
            let text = "the head of the file is damaged, so nothing is appended to it";
            assert_eq!(error.to_string(), named(text));
        }
        assert_eq!(log.bytes(), bytes);
    }
}

#[test]
fn a_newer_version_is_not_understood() {
    let (_, mut bytes) = sample();
    bytes[8] = 2;
    let checksum = crc32fast::hash(&bytes[..28]);
    bytes[28..32].copy_from_slice(&checksum.to_le_bytes());
    let error = all(&mut over(&bytes, checksummed())).unwrap_err();
    let text = "the file is of version 2 with chunks of 128 bytes, which is not understood";
    assert_eq!(
        (error.kind(), &*error.to_string()),
        (ErrorKind::Malformed, text)
    );
}

#[test]
fn a_tail_torn_at_every_byte_is_recovered_and_appended_to() {
    let (events, whole) = sample();
    let ends = ends(&whole, checksummed());
    let log = Log::new(checksummed());
    for len in FILE_HEAD..=whole.len() {
        for zeros in [0, 1, 12, 50] {
            // What a crash leaves: fewer bytes, or zeros instead of bytes.
            let mut torn = whole[..len].to_vec();
            let end = (len + zeros).min(len.next_multiple_of(CHECKED_CHUNK));
            torn.resize(end, 0);
            fs::write(&log.path, &torn).unwrap();
            // Zeros that complete what was zero anyway do no harm.
            let kept = ends
                .iter()
                .filter(|end| torn.get(..**end) == Some(&whole[..**end]))
                .count();
            let found = match all(&mut log.reader()) {
                Ok(found) => found,
                // Zeros behind half a head: nobody can tell this from damage.
                Err(error) => {
                    assert!(
                        zeros > 0 && error.to_string().contains("corrupted"),
                        "{len} {error}"
                    );
                    events[..kept].to_vec()
                }
            };
            assert_eq!(found, events[..kept], "{len} {zeros}");
            log.append(&[b"new"]);
            let again = log.events();
            assert_eq!(again[..kept], events[..kept], "{len} {zeros}");
            assert_eq!(again[kept..], [b"new"], "{len} {zeros}");
        }
    }
}

/// Anything that is neither whole nor followed by something goes, and nothing else does.
#[test]
fn what_a_writer_removes() {
    let (events, whole) = sample();
    let ends = ends(&whole, checksummed());
    let end = ends[ends.len() - 1];
    let last = end - HEAD - events[events.len() - 1].len();
    let log = Log::new(checksummed());
    let reopened = |bytes: &[u8]| {
        fs::write(&log.path, bytes).unwrap();
        drop(log.writer());
        log.bytes()
    };
    assert_eq!(reopened(&whole), whole);
    // The last event, flipped or zeroed anywhere.
    for at in last + HEAD..end {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        assert_eq!(reopened(&bytes), whole[..last]);
        bytes[at..].fill(0);
        assert_eq!(reopened(&bytes), whole[..last]);
    }
    // All of it zeroed.
    let mut bytes = whole.clone();
    bytes[last..].fill(0);
    assert_eq!(reopened(&bytes), whole[..last]);
    // A damaged head is kept, and the next event goes to a new chunk.
    let mut bytes = whole.clone();
    bytes[last] ^= 1;
    let kept = reopened(&bytes);
    assert_eq!(kept.len() % CHECKED_CHUNK, 0);
    assert_eq!(kept[..bytes.len()], bytes);
    log.append(&[b"new"]);
    let mut expected = events[..events.len() - 1].to_vec();
    expected.push(b"new".to_vec());
    assert_eq!(log.events(), expected);
}

#[test]
fn a_flipped_byte_costs_its_event_or_what_is_left_of_its_chunk() {
    let (events, whole) = sample();
    let ends = ends(&whole, checksummed());
    for at in FILE_HEAD..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let mut reader = over(&bytes, checksummed());
            let mut found = Vec::new();
            let end = loop {
                match reader.next_event() {
                    Ok(Some(event)) => found.push(event.to_vec()),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            assert!(is_part(&events, &found), "{at}");
            let index = ends.iter().position(|end| at < *end).unwrap();
            let start = ends[index] - events[index].len() - HEAD;
            if at < start {
                // Padding, or the mark before it.
                let lost = reader.skipped_bytes();
                assert_eq!(found, events, "{at}");
                assert!(end.is_none() && lost <= CHECKED_CHUNK as u64);
            } else if at >= start + HEAD {
                let mut others = events.clone();
                others.remove(index);
                assert_eq!(found, others, "{at}");
                // The last one may be on its way to the disk, as far as anybody knows.
                let is_last = index == events.len() - 1;
                assert_eq!(reader.skipped_places(), u64::from(!is_last));
                let left = if is_last { whole.len() - start } else { 0 };
                assert_eq!(reader.bytes_left().unwrap(), left as u64);
                if let [skipped] = reader.skipped() {
                    assert_eq!(skipped.offset, start as u64);
                    assert_eq!(skipped.bytes, (ends[index] - start) as u64);
                }
            } else {
                let border = start - start % CHECKED_CHUNK + CHECKED_CHUNK;
                let others: Vec<_> = ends
                    .iter()
                    .zip(&events)
                    .filter(|(end, _)| **end <= start || **end > border)
                    .map(|(_, event)| event.clone())
                    .collect();
                assert_eq!(found, others, "{at}");
                assert_eq!(end.is_some(), border > whole.len(), "{at}");
            }
        }
    }
}

#[test]
fn zeros_in_the_middle_are_noticed() {
    let (events, whole) = sample();
    let last_chunk = whole.len() - whole.len() % CHECKED_CHUNK;
    for from in (FILE_HEAD..last_chunk - CHECKED_CHUNK).step_by(5) {
        for bytes in [1, 12, 60, CHECKED_CHUNK] {
            let mut zeroed = whole.clone();
            zeroed[from..from + bytes].fill(0);
            let mut reader = over(&zeroed, checksummed());
            let found = all(&mut reader).unwrap();
            assert!(is_part(&events, &found));
            let lost = found.len() < events.len();
            assert!(!lost || reader.skipped_places() > 0, "{from} {bytes}");
        }
    }
}

/// A head knows where it belongs.
#[test]
fn chunks_that_were_swapped_are_not_read() {
    let (events, whole) = sample();
    let mut swapped = whole.clone();
    let (one, two) = (CHECKED_CHUNK, 2 * CHECKED_CHUNK);
    swapped[one..two].copy_from_slice(&whole[two..two + CHECKED_CHUNK]);
    swapped[two..two + CHECKED_CHUNK].copy_from_slice(&whole[one..two]);
    let mut reader = over(&swapped, checksummed());
    let found = all(&mut reader).unwrap();
    assert!(is_part(&events, &found));
    assert_eq!(reader.skipped_bytes(), 2 * CHECKED_CHUNK as u64);
}

#[test]
fn events_that_are_larger_than_wanted_are_passed_over() {
    let (events, whole) = sample();
    let mut reader = over(&whole, checksummed().event_bytes_max(50));
    assert_eq!(all(&mut reader).unwrap(), events[..10]);
    // The last one counts as one that is on its way.
    assert_eq!(reader.skipped_places(), 8);
}

#[test]
fn a_huge_size_allocates_nothing() {
    let log = Log::new(checksummed().chunk_bytes(1 << 30));
    log.append(&[b"event"]);
    let mut bytes = log.bytes();
    let at = bytes.len();
    // A head that is right, of an event as large as can be.
    let mut head = ((1_u32 << 30) - 1000).to_le_bytes().to_vec();
    head.extend([0; 4]);
    let place = [&(at as u64).to_le_bytes()[..], &head].concat();
    head.extend(crc32fast::hash(&place).to_le_bytes());
    bytes.extend(head);
    bytes.extend(b"six");
    let mut reader = over(&bytes, checksummed());
    assert_eq!(all(&mut reader).unwrap(), [b"event"]);
    let used = allocation_counter::measure(|| assert_eq!(reader.next_event().unwrap(), None));
    assert!(used.bytes_max < 1000, "{}", used.bytes_max);
}
