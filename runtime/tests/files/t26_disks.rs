//! T26: files that cannot grow. Disks that are full or broken are in the unit tests of the module.

use std::process::Command;

use rlimit::Resource;
use seapink::ErrorKind;
use seapink::transport::file::{FileFormat, FileOptions, FileWriter};

use crate::support::Log;

/// What the child writes to.
const PATH: &str = "SEAPINK_TEST_FILE_LIMITED";

const LIMIT: u64 = 100_000;

/// The system takes the part of a write that is within the limit, and refuses the next one.
#[cfg(target_os = "linux")]
#[test]
fn t26_a_file_that_may_not_grow_is_told_and_loses_nothing_that_was_accepted() {
    for format in [FileFormat::Apache, FileFormat::Checksummed] {
        let options = FileOptions::default().format(format);
        let log = Log::new(options);
        // The signal that goes with the limit would kill the child.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "t26_disks::limited", "--nocapture"])
            .env(PATH, &log.path)
            .env("SEAPINK_TEST_FILE_FORMAT", format!("{format:?}"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{errors}");
        let accepted: Vec<u32> = said
            .lines()
            .filter_map(|line| line.strip_prefix("accepted ")?.parse().ok())
            .collect();
        assert!(accepted.len() > 50, "{said}");
        assert!(said.contains("refused "), "{said}");
        let found: Vec<u32> = log.events().iter().map(|event| number(event)).collect();
        assert_eq!(found, accepted);
    }
}

fn event(number: u32) -> Vec<u8> {
    let mut event = vec![7; 3000];
    event[..4].copy_from_slice(&number.to_be_bytes());
    event
}

fn number(event: &[u8]) -> u32 {
    u32::from_be_bytes(*event.first_chunk().unwrap())
}

/// What the child does, if this process is one: it appends to a limit, goes on trying, and then again
/// where the limit is gone.
#[test]
fn limited() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let format = match std::env::var("SEAPINK_TEST_FILE_FORMAT").as_deref() {
        Ok("Apache") => FileFormat::Apache,
        _ => FileFormat::Checksummed,
    };
    let (_, hard) = Resource::FSIZE.get().unwrap();
    Resource::FSIZE.set(LIMIT, hard).unwrap();
    let writer = FileWriter::open(path, FileOptions::default().format(format)).unwrap();
    for round in 0..70 {
        match writer.append(&event(round)) {
            Ok(()) => println!("accepted {round}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io);
                let text = "the file could not be written: File too large (os error 27)";
                assert_eq!(error.to_string(), text);
                println!("refused {round}");
            }
        }
    }
    let error = writer.sync().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    Resource::FSIZE.set(hard, hard).unwrap();
    for round in 70..90 {
        writer.append(&event(round)).unwrap();
        println!("accepted {round}");
    }
    writer.close().unwrap();
}
