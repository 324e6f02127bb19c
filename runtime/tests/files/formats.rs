//! What files of both formats do.

use std::fs;
use std::io::Write;
use std::time::Duration;

use seapink::ErrorKind;
use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};

use crate::support::{CHECKED_CHUNK, CHUNK, Log, all, apache, checksummed};

/// Options, the largest event, and how many of these a chunk can begin with.
fn both() -> [(FileOptions, usize); 2] {
    [(apache(), CHUNK - 4), (checksummed(), CHECKED_CHUNK - 12)]
}

#[test]
fn every_size_and_place_of_events_round_trips() {
    for (options, max) in both() {
        let step = max / 28;
        for first in (1..=max).step_by(step) {
            for second in (1..=max).step_by(step) {
                let log = Log::new(options);
                let events = [vec![1; first], vec![2; second], vec![3; 5], vec![4; max]];
                // In two goes, so that appending to every length is tried as well.
                log.append(&events[..2]);
                log.append(&events[2..]);
                assert_eq!(log.events(), events, "{first} {second}");
                let chunks = log.bytes().len().div_ceil(options.chunk_bytes as usize);
                assert_eq!(log.reader().num_chunks().unwrap(), chunks as u64);
            }
        }
    }
}

#[test]
fn events_that_do_not_fit_are_refused_and_the_next_one_is_written() {
    for (options, max) in both() {
        let log = Log::new(options);
        let writer = log.writer();
        let head = if options == apache() { "size" } else { "head" };
        let too_large = format!(
            "the event has {} bytes and its {head} {}, more than chunk_bytes = {}",
            max + 1,
            options.chunk_bytes as usize - max,
            options.chunk_bytes
        );
        for (bytes, text) in [
            (0, "an event is not empty: its size would mean padding"),
            (max + 1, &too_large),
        ] {
            let error = writer.append(&vec![1; bytes]).unwrap_err();
            assert_eq!(
                (error.kind(), &*error.to_string()),
                (ErrorKind::Limit, text)
            );
        }
        writer.append(&vec![1; max]).unwrap();
        drop(writer);
        let writer = FileWriter::open(&log.path, options.event_bytes_max(10)).unwrap();
        let error = writer.append(&[2; 11]).unwrap_err();
        let text = "the event has 11 bytes, more than event_bytes_max = 10";
        assert_eq!(error.to_string(), text);
        writer.append(&[2; 10]).unwrap();
        drop(writer);
        assert_eq!(log.events(), [vec![1; max], vec![2; 10]]);
    }
}

#[test]
fn options_and_files_that_cannot_be_used_are_errors() {
    let log = Log::new(apache());
    let text = |options| {
        let error = FileWriter::open(&log.path, options).unwrap_err();
        error.to_string()
    };
    for (options, expected) in [
        (
            apache().chunk_bytes(7),
            "chunk_bytes must be a number from 8 to 1073741824, not 7",
        ),
        (
            checksummed().chunk_bytes(63),
            "chunk_bytes must be a number from 64 to 1073741824, not 63",
        ),
        (
            apache().sync_ms(0),
            "sync_ms must be a number from 1 to 86400000, not 0",
        ),
        (
            apache().sync_events(0),
            "sync_events must be a number from 1 to 18446744073709551615, not 0",
        ),
    ] {
        assert_eq!(text(options), expected);
    }
    let open = |path| FileReader::open(path, apache(), ReadMode::ToEnd);
    let error = open(&log.path).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot open ") && error.contains("calls.log: No such"),
        "{error}"
    );
    let writer = FileWriter::open(&log.path, apache()).unwrap();
    let second = text(apache());
    assert_eq!(
        second,
        format!("another writer has {} open", log.path.display())
    );
    drop(writer);
    FileWriter::open(&log.path, apache()).unwrap();
}

#[cfg(unix)]
#[test]
fn what_does_not_end_is_no_file() {
    let error = FileReader::open("/dev/zero", apache(), ReadMode::ToEnd).unwrap_err();
    let text = "cannot open /dev/zero: it is no regular file";
    assert_eq!(error.to_string(), text);
    let error = FileWriter::open("/dev/zero", apache()).unwrap_err();
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_file_of_the_other_format_is_refused_in_words() {
    for ((options, _), (other, text)) in both().into_iter().zip([
        (
            FileFormat::Checksummed,
            "the file has no checksums, and FileFormat::Checksummed was asked for",
        ),
        (
            FileFormat::Apache,
            "the file has checksums, and FileFormat::Apache was asked for",
        ),
    ]) {
        let log = Log::new(options);
        log.append(&[b"event"]);
        let text = format!("cannot open {}: {text}", log.path.display());
        let asked = options.format(other).chunk_bytes(128);
        let error = FileWriter::open(&log.path, asked).unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::Config, &*text)
        );
        let error = FileReader::open(&log.path, asked, ReadMode::ToEnd).unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::Config, &*text)
        );
        assert_eq!(log.events(), [b"event"]);
    }
}

/// Unless somebody asks for one.
#[test]
fn a_file_is_what_it_looks_like() {
    for (options, _) in both() {
        let log = Log::new(options);
        log.append(&[b"one"]);
        let open = apache();
        assert_eq!(open.format, None);
        let writer = FileWriter::open(&log.path, open).unwrap();
        assert_eq!(Some(writer.format()), log.reader().format());
        writer.append(b"two").unwrap();
        drop(writer);
        let mut reader = FileReader::open(&log.path, open, ReadMode::ToEnd).unwrap();
        assert_eq!(all(&mut reader).unwrap(), [b"one", b"two"]);
    }
}

#[test]
fn chunks_can_be_counted_and_sought() {
    for (options, max) in both() {
        let log = Log::new(options);
        fs::write(&log.path, []).unwrap();
        let mut reader = log.reader();
        assert_eq!(reader.num_chunks().unwrap(), 0);
        reader.seek_to_chunk(0).unwrap();
        reader.seek_to_chunk(-1).unwrap();
        assert_eq!(reader.next_event().unwrap(), None);

        let first = max - usize::from(options.format.is_some()) * 32;
        log.append(&[vec![0; first], vec![1; max], vec![2; 10], vec![3; 2]]);
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
}

#[test]
fn events_before_an_offset_can_be_read_one_by_one() {
    for (options, max) in both() {
        let log = Log::new(options);
        log.append(&[vec![1; 1], vec![2; max], vec![3; 1]]);
        let mut reader = log.reader();
        let mut found = Vec::new();
        // Wherever the bound is, padding included, nothing is lost or read twice.
        for end in 0..=log.bytes().len() as u64 {
            while let Some(event) = reader.next_event_before(end).unwrap() {
                found.push(event[0]);
            }
        }
        assert_eq!(found, [1, 2, 3]);
    }
}

#[test]
fn a_reader_finds_what_is_written_after_it_reached_the_end() {
    for (options, _) in both() {
        let log = Log::new(options);
        log.append(&[b"one"]);
        let mut reader = log.reader();
        assert_eq!(all(&mut reader).unwrap(), [b"one"]);
        log.append(&[b"two"]);
        let whole = log.bytes();
        // Half an event is none.
        for len in reader.offset().try_into().unwrap()..whole.len() {
            fs::write(&log.path, &whole[..len]).unwrap();
            assert_eq!(reader.next_event().unwrap(), None);
            assert_eq!(reader.bytes_left().unwrap(), len as u64 - reader.offset());
        }
        let mut file = fs::OpenOptions::new().append(true).open(&log.path).unwrap();
        file.write_all(&whole[whole.len() - 1..]).unwrap();
        assert_eq!(reader.next_event().unwrap(), Some(&b"two"[..]));
        assert_eq!(reader.bytes_left().unwrap(), 0);
    }
}

#[test]
fn one_retry_waits_once() {
    for (options, _) in both() {
        let log = Log::new(options);
        log.append(&[b"one"]);
        let mode = ReadMode::RetryOnce(Duration::from_millis(1));
        let mut reader = FileReader::open(&log.path, options, mode).unwrap();
        assert_eq!(all(&mut reader).unwrap(), [b"one"]);
        log.append(&[b"two"]);
        assert_eq!(all(&mut reader).unwrap(), [b"two"]);
    }
}

#[test]
fn a_tailing_reader_follows_a_writer_until_it_is_stopped() {
    for (options, _) in both() {
        let log = Log::new(options);
        // The reader is there before the file has a beginning.
        fs::write(&log.path, []).unwrap();
        let mut reader = FileReader::open(&log.path, apache(), ReadMode::Tail).unwrap();
        let stop = reader.stop();
        let (send, received) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Some(event) = reader.next_event().unwrap() {
                send.send(event.to_vec()).unwrap();
            }
        });
        let writer = log.writer();
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
}

#[test]
fn a_read_that_fails_is_made_again() {
    use std::io::{Error, Read, Result, Seek, SeekFrom};

    /// Every other read fails, in the middle of events too.
    struct Flaky(std::io::Cursor<Vec<u8>>, bool);

    impl Read for Flaky {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(Error::other("bad sector"));
            }
            let few = buffer.len().min(50);
            self.0.read(&mut buffer[..few])
        }
    }

    impl Seek for Flaky {
        fn seek(&mut self, to: SeekFrom) -> Result<u64> {
            self.0.seek(to)
        }
    }

    for (options, _) in both() {
        let log = Log::new(options);
        let events: Vec<_> = (1..20).map(|size| vec![7; size]).collect();
        log.append(&events);
        let flaky = Flaky(std::io::Cursor::new(log.bytes()), false);
        let mut reader = FileReader::over(flaky, options, ReadMode::ToEnd).unwrap();
        let mut found = Vec::new();
        while found.len() < events.len() {
            match reader.next_event() {
                Ok(event) => found.push(event.unwrap().to_vec()),
                Err(error) => assert_eq!(error.to_string(), "bad sector"),
            }
        }
        assert_eq!(found, events);
        assert_eq!(reader.skipped_places(), 0);
    }
}
