//! T25: writers that are killed inside a write, 1000 of each format.
//!
//! A child appends numbered events and says on a pipe which were stored. It is killed at any moment,
//! the next one goes on with the same file, and every event that was stored is there each time.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use seapink::transport::file::{FileFormat, FileOptions, FileReader, FileWriter, ReadMode};

use crate::support::Log;

const ROUNDS: usize = 1000;

/// So many of the children leave a part of an event at least. 60 to 600 were seen, on quiet and on busy machines.
const TORN_MIN: usize = ROUNDS / 50;

/// Past so many bytes, the next child gets a new file.
const FILE_BYTES: u64 = 1_000_000;

/// What a child writes to, in which format, and the number of its first event.
const PATH: &str = "SEAPINK_TEST_FILE_VICTIM";
const FORMAT: &str = "SEAPINK_TEST_FILE_FORMAT";
const NUMBER: &str = "SEAPINK_TEST_FILE_NUMBER";

const NAMES: [(&str, FileFormat); 2] = [
    ("apache", FileFormat::Apache),
    ("checksummed", FileFormat::Checksummed),
];

fn options(format: FileFormat) -> FileOptions {
    FileOptions::default().format(format).chunk_bytes(100_000)
}

/// The event of a number: of many sizes, some of which take several blocks to write.
fn event(number: u32) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(number.into());
    let size = match number % 4 {
        0 => rng.usize(4..60_000),
        _ => rng.usize(4..300),
    };
    let [first, ..] = number.to_be_bytes();
    let mut event = vec![first ^ number.to_le_bytes()[0] ^ 0x55; size];
    event[..4].copy_from_slice(&number.to_be_bytes());
    event
}

/// How many events there are, which must be those with the first numbers, and whether a part of
/// another is behind them.
fn count(path: &Path, format: FileFormat) -> (u32, bool) {
    let mut reader = FileReader::open(path, options(format), ReadMode::ToEnd).unwrap();
    let mut number = 0;
    while let Some(found) = reader.next_event().unwrap() {
        assert!(found == event(number), "event {number} is another one");
        number += 1;
    }
    assert_eq!(reader.skipped_places(), 0);
    (number, reader.bytes_left().unwrap() > 0)
}

/// What the child does, if this process is one.
#[test]
fn victim() {
    let (Some(path), Ok(format)) = (std::env::var_os(PATH), std::env::var(FORMAT)) else {
        return;
    };
    let (_, format) = *NAMES.iter().find(|(name, _)| *name == format).unwrap();
    let writer = FileWriter::open(path, options(format)).unwrap();
    let mut number: u32 = std::env::var(NUMBER).unwrap().parse().unwrap();
    let mut said = std::io::stdout();
    loop {
        for _ in 0..=number % 29 {
            writer.append(&event(number)).unwrap();
            number += 1;
        }
        writer.sync().unwrap();
        writeln!(said, "stored {number}").unwrap();
        said.flush().unwrap();
    }
}

struct Victim(Child);

impl Victim {
    fn start(path: &Path, format: &str, number: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "t25_killed::victim", "--nocapture"])
            .args(["--test-threads", "1"])
            .env(PATH, path)
            .env(FORMAT, format)
            .env(NUMBER, number.to_string());
        Self(command.stdout(Stdio::piped()).spawn().unwrap())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The number that a line tells.
fn stored(line: &str) -> Option<u32> {
    line.strip_prefix("stored ")?
        .strip_suffix('\n')?
        .parse()
        .ok()
}

fn check(name: &str, format: FileFormat) {
    let mut rng = fastrand::Rng::with_seed(25);
    let mut log = Log::new(options(format));
    let (mut known, mut torn) = (0, 0);
    for round in 0..ROUNDS {
        let mut victim = Victim::start(&log.path, name, known);
        let mut pipe = BufReader::new(victim.0.stdout.take().unwrap());
        let mut line = String::new();
        while pipe.read_line(&mut line).unwrap() > 0 && stored(&line).is_none() {
            line.clear();
        }
        known = stored(&line)
            .expect("the child stored something")
            .max(known);
        let until = Instant::now() + Duration::from_micros(rng.u64(0..600));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        drop(victim);
        // What it had said before it died counts.
        let mut rest = String::new();
        pipe.read_to_string(&mut rest).unwrap();
        let rest = rest.split_inclusive('\n').filter_map(stored);
        known = rest.max().unwrap_or(known).max(known);
        let (found, is_torn) = count(&log.path, format);
        assert!(found >= known, "round {round}: {found} of {known}");
        known = found;
        torn += usize::from(is_torn);
        if std::fs::metadata(&log.path).unwrap().len() > FILE_BYTES {
            (log, known) = (Log::new(options(format)), 0);
        }
    }
    // Otherwise too few deaths fell inside a write, and little was tested.
    assert!(
        torn >= TORN_MIN,
        "{name}: {torn} of {ROUNDS} left a part of an event"
    );
}

#[test]
fn t25_what_was_stored_survives_the_death_of_the_writer_apache() {
    let (name, format) = NAMES[0];
    check(name, format);
}

#[test]
fn t25_what_was_stored_survives_the_death_of_the_writer_checksummed() {
    let (name, format) = NAMES[1];
    check(name, format);
}
