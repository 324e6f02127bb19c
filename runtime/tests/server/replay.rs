//! Calls recorded in a file, and answered later.

use std::fs;

use seapink::server::FileProcessor;
use seapink::transport::Framed;
use seapink::transport::file::{FileOptions, FileReader, FileWriter, ReadMode};
use seapink::{Client, ErrorKind, MessageKind, ProtocolSet, Standard};

use crate::raw::Raw;
use crate::support::{Probe, ProbeClient, within};

fn options() -> FileOptions {
    FileOptions::default().chunk_bytes(256).poll_ms(1)
}

fn write(path: &std::path::Path, events: &[Vec<u8>]) {
    let writer = FileWriter::open(path, options()).unwrap();
    for event in events {
        writer.append(event).unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn recorded_calls_are_answered_as_if_they_had_just_arrived() {
    for raw in Raw::all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("calls.log");
        // What `buffered` wraps around a message is nothing.
        let events = [
            raw.echo(1, "hello"),
            raw.call(2, |client| client.note("kept")),
            raw.call(3, |client| client.fail("panic")),
            b"no message".to_vec(),
            raw.call(4, ProbeClient::unknown),
            [raw.echo(5, "two"), raw.echo(6, "in one")].concat(),
        ];
        write(&path, &events);
        let probe = Probe::default();
        let mut processor = FileProcessor::new(probe.clone(), raw.wire().name()).unwrap();
        if raw.transport == "framed" {
            processor = processor.transport(Framed);
        } else {
            processor = processor.transport(seapink::transport::Buffered);
        }
        let mut reader = FileReader::open(&path, options(), ReadMode::ToEnd).unwrap();
        let mut heads = Vec::new();
        let limits = seapink::Limits::default();
        let replayed = processor.replay(&mut reader, None, |answer| {
            let (head, _) = raw.wire().read_head(answer, &limits).unwrap();
            heads.push((head.kind, head.sequence_id));
        });
        let replayed = replayed.unwrap();
        let (reply, exception) = (MessageKind::Reply, MessageKind::Exception);
        let expected = [
            (reply, 1),
            (exception, 3),
            (exception, 4),
            (reply, 5),
            (reply, 6),
        ];
        assert_eq!(heads, expected);
        assert_eq!(replayed.events, 6);
        assert_eq!((replayed.replies, replayed.exceptions), (3, 2));
        assert_eq!((replayed.oneways, replayed.unreadable), (1, 1));
        probe.0.until_noted("kept");
    }
}

#[test]
fn a_client_records_what_a_processor_replays() {
    for protocol in Standard::ALL {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("calls.log");
        let file = FileWriter::open(&path, options()).unwrap();
        let client = ProbeClient(Client::recording(file, *protocol));
        for number in 0..50 {
            client.note(&format!("note {number}")).unwrap();
        }
        let error = client.echo("x").unwrap_err().other();
        assert_eq!(
            error.to_string(),
            "missing result: a file takes oneway calls only: it answers nobody"
        );
        drop(client);

        let raw = Raw {
            transport: "buffered",
            protocol: *protocol,
        };
        let processor = FileProcessor::new(Probe::default(), raw.wire().name()).unwrap();
        let mut reader = FileReader::open(&path, options(), ReadMode::ToEnd).unwrap();
        // By count, by chunk, and to the end.
        assert_eq!(
            processor
                .replay(&mut reader, Some(3), |_| ())
                .unwrap()
                .oneways,
            3
        );
        let chunk = processor.replay_chunk(&mut reader, |_| ()).unwrap();
        assert!((1..10).contains(&chunk.oneways), "{chunk:?}");
        assert_eq!(reader.offset(), 256);
        let rest = processor.replay(&mut reader, None, |_| ()).unwrap();
        assert_eq!(3 + chunk.oneways + rest.oneways, 50);
        assert_eq!(
            processor.replay(&mut reader, None, |_| ()).unwrap().events,
            0
        );
    }
}

#[test]
fn a_tail_is_replayed_as_it_grows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.log");
    let file = FileWriter::open(&path, options().sync_ms(1)).unwrap();
    let client = ProbeClient(Client::recording(file, Standard::Compact));
    let probe = Probe::default();
    let processor = FileProcessor::new(probe.clone(), "compact").unwrap();
    let mut reader = FileReader::open(&path, options(), ReadMode::Tail).unwrap();
    let stop = reader.stop();
    let replay = std::thread::spawn(move || processor.replay(&mut reader, None, |_| ()).unwrap());
    for number in 0..20 {
        let text = format!("note {number}");
        client.note(&text).unwrap();
        probe.0.until_noted(&text);
    }
    stop.stop();
    assert_eq!(within(move || replay.join().unwrap()).oneways, 20);
}

#[test]
fn errors_of_a_replay_name_what_is_wrong() {
    let error = FileProcessor::new(Probe::default(), "xml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the processor does not speak the protocol `xml`"
    );

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.log");
    fs::write(&path, [0xff; 8]).unwrap();
    let processor = FileProcessor::new(Probe::default(), "binary").unwrap();
    let mut reader = FileReader::open(&path, options(), ReadMode::ToEnd).unwrap();
    let error = processor.replay(&mut reader, None, |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}
