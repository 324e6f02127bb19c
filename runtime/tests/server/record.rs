//! Calls of running servers, recorded, relayed and replayed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seapink::client::CallOptions;
use seapink::interceptor::{ConcurrencyLimit, Intercepted};
use seapink::processor::{Outcome, Request};
use seapink::server::{FileProcessor, Record, RecordOptions, RecordStats, RecordedCall};
use seapink::transport::file::{FileFormat, FileOptions, FileReader, ReadMode};
use seapink::{
    CallContext, Channel, Client, Error, ErrorKind, Limits, MessageKind, Multiplexed, Processor,
    ProtocolSet, Result, ServerConfig, Standard, WireProtocol,
};

use crate::raw::Raw;
use crate::support::{AGES, MODELS, Probe, ProbeClient, Running};

struct Log {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.log");
        Self {
            _folder: folder,
            path,
        }
    }

    /// Each call as its name, its kind and the kind of its answer.
    fn calls(&self) -> Vec<(String, MessageKind, Option<MessageKind>)> {
        let limits = Limits::default();
        let mut reader = self.reader();
        let mut calls = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            let call = RecordedCall::read(event, Standard::WIRE, &limits).unwrap();
            let answer = call.answer.map(|answer| {
                let (head, _) = call.protocol.read_head(answer, &limits).unwrap();
                assert_eq!(head.sequence_id, call.head.sequence_id);
                head.kind
            });
            calls.push((call.head.name.into_owned(), call.head.kind, answer));
        }
        calls
    }

    fn reader(&self) -> FileReader {
        FileReader::open(&self.path, FileOptions::default(), ReadMode::ToEnd).unwrap()
    }
}

#[cfg(unix)]
#[test]
fn recordings_are_for_their_owner() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    let log = Log::new();
    let mode = || fs::metadata(&log.path).unwrap().permissions().mode() & 0o777;
    let record = || Record::open(&log.path, RecordOptions::default()).unwrap();
    record().close().unwrap();
    assert_eq!(mode(), 0o600);
    // Whoever has made it otherwise wants it so.
    fs::set_permissions(&log.path, Permissions::from_mode(0o640)).unwrap();
    record().close().unwrap();
    assert_eq!(mode(), 0o640);
}

fn stats(recorded: u64, dropped: u64, failed: u64) -> RecordStats {
    let mut stats = RecordStats::default();
    (stats.recorded, stats.dropped, stats.failed) = (recorded, dropped, failed);
    stats
}

/// A call that ends in each way.
fn call_all(client: &ProbeClient, probe: &Probe) {
    assert_eq!(client.echo("hello").ok().unwrap(), "hello");
    assert!(client.fail("declared").is_err());
    assert!(client.fail("panic").is_err());
    assert!(client.unknown().is_err());
    client.note("kept").unwrap();
    probe.0.until_noted("kept");
}

#[test]
fn calls_of_every_model_and_protocol_are_recorded() {
    let (call, oneway) = (MessageKind::Call, MessageKind::Oneway);
    let (reply, exception) = (Some(MessageKind::Reply), Some(MessageKind::Exception));
    for (number, model) in MODELS.into_iter().enumerate() {
        for raw in Raw::all() {
            let answers = number % 2 == 0;
            let (log, probe) = (Log::new(), Probe::default());
            let record = Record::open(&log.path, RecordOptions::default().answers(answers));
            let record = record.unwrap();
            let services = Multiplexed::new()
                .service("Probe", probe.clone())
                .default_service(probe.clone());
            let config = ServerConfig::new("").model(model).transport(raw.transport);
            let running = Running::memory_with(
                &config.protocol(raw.wire().name()),
                record.around(services),
                Arc::clone(&probe.0),
            );
            let client = running.client();
            call_all(&client, &probe);
            assert_eq!(
                client
                    .with(|it| it.service("Probe"))
                    .echo("x")
                    .ok()
                    .unwrap(),
                "x"
            );
            drop(running);
            assert_eq!(record.close().unwrap(), stats(6, 0, 0));
            let expected = [
                ("echo", call, reply),
                ("fail", call, reply),
                ("fail", call, exception),
                ("nope", call, exception),
                ("note", oneway, None),
                ("Probe:echo", call, reply),
            ];
            let expected = expected
                .map(|(name, kind, answer)| (name.to_owned(), kind, answer.filter(|_| answers)));
            assert_eq!(log.calls(), expected);

            // In this process, with or without answers.
            let again = Probe::default();
            let services = Multiplexed::new()
                .service("Probe", again.clone())
                .default_service(again.clone());
            let replayed = FileProcessor::new(services, raw.wire().name())
                .unwrap()
                .replay(&mut log.reader(), None, |_| ())
                .unwrap();
            assert_eq!((replayed.replies, replayed.exceptions), (3, 2));
            assert_eq!((replayed.oneways, replayed.unreadable), (1, 0));
            assert!(again.0.has_noted("kept"));
        }
    }
}

/// A recording around interceptors has what they refuse, and one inside them has not.
#[test]
fn a_recording_is_where_it_is_put() {
    let (outer, inner) = (Log::new(), Log::new());
    let options = RecordOptions::default().answers(true);
    let outside = Record::open(&outer.path, options).unwrap();
    let inside = Record::open(&inner.path, options).unwrap();
    let probe = Probe::default();
    let processor = Intercepted::new(inside.around(probe.clone())).with(ConcurrencyLimit::new(1));
    let running = Running::memory_with(
        &ServerConfig::new(""),
        outside.around(processor),
        Arc::clone(&probe.0),
    );
    let waiting = running.client().send_wait().unwrap();
    probe.0.until_waiting(1);
    let refused = running.client().echo("x").unwrap_err().other();
    assert_eq!(refused.kind(), ErrorKind::Overloaded);
    probe.0.release();
    waiting.wait().ok().unwrap();
    drop(running);
    assert_eq!(outside.close().unwrap(), stats(2, 0, 0));
    assert_eq!(inside.close().unwrap(), stats(1, 0, 0));
    assert_eq!(outer.calls()[0].2, Some(MessageKind::Exception));
    assert_eq!(inner.calls()[0].0, "wait");
}

/// A processor that is no service.
struct Panics;

impl Processor for Panics {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Standard::WIRE
    }

    fn process(&self, _: &Request<'_>, _: &mut Vec<u8>, _: &mut CallContext) -> Outcome {
        panic!("in a processor");
    }
}

#[test]
fn a_call_whose_thread_panics_is_recorded_without_an_answer() {
    let log = Log::new();
    let record = Record::open(&log.path, RecordOptions::default().answers(true)).unwrap();
    let client = ProbeClient(Client::in_process(record.around(Panics)));
    assert!(client.echo("x").is_err());
    assert_eq!(record.close().unwrap(), stats(1, 0, 0));
    assert_eq!(log.calls(), [("echo".to_owned(), MessageKind::Call, None)]);
}

#[test]
fn calls_for_which_there_is_no_room_are_answered_and_counted() {
    let log = Log::new();
    let record = Record::open(&log.path, RecordOptions::default().queue_bytes_max(200)).unwrap();
    let client = ProbeClient(Client::in_process(record.around(Probe::default())));
    let large = "x".repeat(500);
    for _ in 0..10 {
        assert_eq!(client.echo(&large).ok().unwrap(), large);
    }
    assert_eq!(client.echo("short").ok().unwrap(), "short");
    assert_eq!(record.close().unwrap(), stats(1, 10, 0));
    // And those that come when nobody records any more.
    let record = Record::open(&log.path, RecordOptions::default()).unwrap();
    let client = ProbeClient(Client::in_process(record.around(Probe::default())));
    drop(record);
    assert_eq!(client.echo("late").ok().unwrap(), "late");
    assert_eq!(log.calls().len(), 1);
}

#[test]
fn calls_that_the_file_does_not_take_are_answered_and_counted() {
    let log = Log::new();
    let file = FileOptions::default().event_bytes_max(100);
    let record = Record::open(&log.path, RecordOptions::default().file(file)).unwrap();
    let client = ProbeClient(Client::in_process(record.around(Probe::default())));
    let large = "x".repeat(500);
    for text in ["a", &large, "b"] {
        assert_eq!(client.echo(text).ok().unwrap(), text);
    }
    assert_eq!(record.close().unwrap(), stats(2, 0, 1));
    assert_eq!(log.calls().len(), 2);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_at_once() {
    let log = Log::new();
    let apache = FileOptions::default().format(FileFormat::Apache);
    let first = Record::open(&log.path, RecordOptions::default().file(apache)).unwrap();
    let error = Record::open(&log.path, RecordOptions::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("another writer has "),
        "{error}"
    );
    first.close().unwrap();
    let error = Record::open(&log.path, RecordOptions::default().wait_ms(u64::MAX)).unwrap_err();
    let text = "wait_ms must be a number from 0 to 86400000, not 18446744073709551615";
    assert_eq!(error.to_string(), text);
}

#[test]
fn events_that_are_no_recorded_calls_are_refused_in_words() {
    let raw = Raw::named("buffered", "binary");
    let (call, limits) = (raw.echo(1, "x"), Limits::default());
    let mut reply = call.clone();
    reply[3] = 2;
    let read = |event: &[u8]| {
        let read = RecordedCall::read(event, Standard::WIRE, &limits);
        read.map(|call| (call.call.len(), call.answer.map(<[u8]>::len)))
    };
    let len = call.len();
    assert_eq!(read(&call).unwrap(), (len, None));
    assert_eq!(
        read(&[&call[..], &reply].concat()).unwrap(),
        (len, Some(len))
    );
    let none = "the event begins with no whole message of binary, compact, json";
    let more = "behind the call of `echo`, there is no answer";
    for (event, text) in [
        (&b""[..], none),
        (b"no message", none),
        (&call[..len - 1], none),
        (&reply, "the event is no call, but an answer"),
        (&[&call[..], &call].concat(), more),
        (&[&call[..], &reply[..len - 1]].concat(), more),
        (&[&call[..], &reply, b"x"].concat(), more),
    ] {
        let error = read(event).unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::Malformed, text)
        );
    }
}

#[test]
fn relayed_calls_get_the_answers_that_others_get() {
    for model in MODELS {
        for raw in Raw::all() {
            let config = ServerConfig::new("").model(model).transport(raw.transport);
            let running = Running::memory(&config.protocol(raw.wire().name()));
            let client = running.client().0;
            let bare = Raw {
                transport: "buffered",
                ..raw
            };
            let limits = Limits::default();
            for round in 0..3 {
                // Whatever its number is.
                let reply = client.relay(&bare.echo(1_000_000 * round, "hello"));
                let reply = reply.unwrap().unwrap();
                let (head, body) = raw.wire().read_head(&reply, &limits).unwrap();
                assert_eq!((&*head.name, head.kind), ("echo", MessageKind::Reply));
                let rest = String::from_utf8_lossy(&reply[body..]);
                assert!(rest.contains("hello"), "{rest}");
            }
            let reply = client.relay(&bare.call(1, ProbeClient::unknown)).unwrap();
            let (code, text) = raw.wire().read_exception(&reply.unwrap(), &limits).unwrap();
            assert_eq!(code, 1, "{text}");
            let oneway = bare.call(1, |client| client.note("relayed"));
            assert_eq!(client.relay(&oneway).unwrap(), None);
            running.handler.until_noted("relayed");
            assert!(client.relay(b"no message").is_err());
        }
    }
}

/// Says what it likes.
struct Liar(MessageKind, i32, &'static str);

impl Channel for Liar {
    fn exchange(
        &self,
        _: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let Self(kind, sequence_id, name) = *self;
        encode(7, &mut Vec::new())?;
        let mut reply = Vec::new();
        let mut head = seapink::protocol::MessageHead::new(name, kind, sequence_id);
        head.sequence_id = sequence_id;
        Standard::WIRE[0].write_exception(&head, 6, "", &mut reply);
        decode(7, &reply)
    }
}

#[test]
fn replies_to_relayed_calls_are_checked() {
    let raw = Raw::named("buffered", "binary");
    let relay = |kind, sequence_id, name| -> Result<Option<Vec<u8>>, Error> {
        Client::new(Liar(kind, sequence_id, name), Standard::Binary).relay(&raw.echo(1, "x"))
    };
    assert!(relay(MessageKind::Reply, 7, "echo").is_ok());
    assert!(relay(MessageKind::Exception, 7, "").is_ok());
    for (kind, sequence_id, name, text) in [
        (
            MessageKind::Reply,
            8,
            "echo",
            "the reply has sequence id 8, the call has 7",
        ),
        (
            MessageKind::Reply,
            7,
            "other",
            "the reply is for `other`, not for `echo`",
        ),
        (MessageKind::Call, 7, "echo", "the server sent a call"),
    ] {
        let error = relay(kind, sequence_id, name).unwrap_err();
        assert_eq!(error.message(), text);
    }
    let mut reply = raw.echo(1, "x");
    reply[3] = 2;
    let error = Client::in_process(Probe::default())
        .relay(&reply)
        .unwrap_err();
    assert_eq!(error.message(), "a client sends calls, not replies");
}

/// Whoever waits for room does not wait for ever.
#[test]
fn calls_wait_for_room_as_long_as_they_may() {
    let log = Log::new();
    let options = RecordOptions::default()
        .queue_bytes_max(200)
        .wait_ms(60_000);
    let record = Record::open(&log.path, options).unwrap();
    let client = ProbeClient(Client::in_process(record.around(Probe::default())));
    let begun = Instant::now();
    // There is room for one or two at a time, and the file takes them all.
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    assert_eq!(client.echo("text").ok().unwrap(), "text");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(begun.elapsed() < AGES.max(Duration::from_secs(30)));
    // What can never have room is not waited for.
    assert!(client.echo(&"x".repeat(300)).is_ok());
    assert_eq!(record.close().unwrap(), stats(400, 1, 0));
    assert_eq!(log.calls().len(), 400);
}
