//! The example `record-replay`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{Running, address, output, write};

#[test]
fn recorded_calls_are_replayed() {
    let stdout = output(&mut program!("record-replay"));
    let expected = "calls, and what they came to:\n3 7\n67\ninternal error: it goes upwards only\n3 amounts\n5\n\
         recorded 7 calls\n\n\
         replayed into the same program:\n\
         7 events: 6 answers the same, 0 different, 0 not recorded, 1 oneway calls, 0 failed, 0 unreadable\n\n\
         replayed into one that adds up to 50 at a time:\n\
         event 3: add(1: 60)\n  recorded: 67\n  now:      exception 1: (1: 50)\n\
         event 5: Tally:counts()\n  recorded: {3: 1, 4: 1, 60: 1}\n  now:      {3: 1, 4: 1}\n\
         7 events: 4 answers the same, 2 different, 0 not recorded, 1 oneway calls, 0 failed, 0 unreadable\n";
    assert_eq!(stdout, expected);
}

/// A server that records, and where it listens.
fn recording(folder: &Path, log: &str, layers: &str, more: &[&str]) -> (Running, String) {
    let config = format!("[server]\nlisten = \"tcp://127.0.0.1:0\"\n{layers}");
    let config = write(folder, "server.toml", &config);
    let mut command = program!("record-replay");
    command.arg("serve").arg("--config").arg(config);
    command.arg("--log").arg(folder.join(log)).args(more);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let address = address(&mut running);
    (running, address)
}

/// Waits until a recording has so many events.
fn until_recorded(log: &Path, events: usize) {
    use seapink::transport::file::{FileOptions, FileReader, ReadMode};

    let mut reader = FileReader::open(log, FileOptions::default(), ReadMode::Tail).unwrap();
    for _ in 0..events {
        assert!(reader.next_event().unwrap().is_some());
    }
}

/// How a program ended, and what it printed.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn a_recording_is_replayed_over_any_layers() {
    let folder = tempfile::tempdir().unwrap();
    let replay = |log: &str, address: &str, more: &[&str]| {
        let mut command = program!("record-replay");
        command.arg("replay").arg(folder.path().join(log));
        ended(command.arg(address).args(more))
    };
    let (_live, address) = recording(folder.path(), "log", "", &["--answers"]);
    output(program!("record-replay").args(["call", &address]));
    until_recorded(&folder.path().join("log"), 7);

    let compact = "transport = \"buffered\"\nprotocol = \"compact\"\n";
    let (_compact, address) = recording(folder.path(), "compact", compact, &["--answers"]);
    let layers = ["--transport", "buffered", "--protocol", "compact"];
    let same = "7 events: 6 answers the same, 0 different, 0 not recorded, 1 oneway calls, 0 failed, \
                0 unreadable\n";
    assert_eq!(replay("log", &address, &layers), (Some(0), same.to_owned()));
    // What it was told is a recording as well, in the other protocol.
    until_recorded(&folder.path().join("compact"), 7);
    let (_again, address) = recording(folder.path(), "calls", "", &[]);
    assert_eq!(replay("compact", &address, &[]), (Some(0), same.to_owned()));
    // And this one has no answers.
    until_recorded(&folder.path().join("calls"), 7);
    let (_third, address) = recording(folder.path(), "third", "", &[]);
    let (code, said) = replay("calls", &address, &[]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("0 different, 6 not recorded, 1 oneway"),
        "{said}"
    );

    // By a configuration, into a server that answers otherwise.
    let (_other, address) = recording(folder.path(), "other", "", &["--limit", "50"]);
    let config = format!("[client]\nconnect = \"{address}\"\n");
    let config = write(folder.path(), "client.toml", &config);
    let config = ["--show", "1", "--config", config.to_str().unwrap()];
    let mut command = program!("record-replay");
    command.arg("replay").arg(folder.path().join("log"));
    let (code, said) = ended(command.args(config));
    assert_eq!(code, Some(1));
    let expected =
        "event 3: add(1: 60)\n  recorded: 67\n  now:      exception 1: (1: 50)\nand 1 more\n";
    assert!(said.starts_with(expected), "{said}");

    // Into none, and of none.
    let socket = format!("unix://{}/nobody", folder.path().display());
    assert_eq!(replay("log", &socket, &[]).0, Some(2));
    assert_eq!(replay("missing", &address, &[]).0, Some(2));
    assert_eq!(replay("log", &address, &["--protocol", "json"]).0, Some(2));
}
