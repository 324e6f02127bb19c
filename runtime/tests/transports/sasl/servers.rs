//! What servers stand, and what they say to it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::{ClientSasl, ServerSasl, ServerTimeouts};
use seapink::{ErrorKind, ServerConfig};

use super::{ALICE, BAD, CALL, COMPLETE, ERROR, OK, START, config, rest, said};
use crate::socket;
use crate::support::{MODELS, ProbeClient, Running, eventually};

/// What a client sends, what it is told (nothing for status 0), and how that is counted.
type Case = (&'static str, Vec<u8>, (u8, &'static str), ErrorKind);

const MALFORMED: ErrorKind = ErrorKind::Malformed;

fn named(name: &'static str, mechanism: &[u8], told: (u8, &'static str)) -> Case {
    let kind = if told.0 == BAD {
        ErrorKind::Denied
    } else {
        MALFORMED
    };
    (name, said(START, mechanism), told, kind)
}

fn beginnings() -> [Case; 7] {
    let no_name = (ERROR, "that is no name of a SASL mechanism");
    let gssapi = "the mechanism `GSSAPI` is not offered; there are: PLAIN";
    [
        named("an unknown mechanism", b"GSSAPI", (BAD, gssapi)),
        named("a small one", b"plain", (BAD, "the mechanism `plain` is")),
        named(
            "the longest name",
            &[b'X'; 20],
            (BAD, "the mechanism `XXXXXXXXXXXXXXXXXXXX` is"),
        ),
        named("a longer name", &[b'X'; 21], no_name),
        named("no name", b"", no_name),
        named("a name with a space", b"PLA IN", no_name),
        named("no UTF-8", b"\xff\xfe", no_name),
    ]
}

fn lengths() -> [Case; 4] {
    let limit = ErrorKind::Limit;
    let negative = "a SASL message declares a negative length, -";
    let too_many = "a SASL message declares 65537 bytes, more than 65536";
    let longest = [said(START, b"PLAIN"), vec![2, 0x7f, 0xff, 0xff, 0xff]].concat();
    [
        (
            "a negative length",
            vec![1, 0xff, 0xff, 0xff, 0xff],
            (ERROR, negative),
            MALFORMED,
        ),
        (
            "the most negative one",
            vec![1, 0x80, 0, 0, 0],
            (ERROR, negative),
            MALFORMED,
        ),
        (
            "one byte too many",
            vec![1, 0, 1, 0, 1],
            (ERROR, too_many),
            limit,
        ),
        (
            "the longest",
            longest,
            (ERROR, "a SASL message declares 2147483647 bytes"),
            limit,
        ),
    ]
}

/// In the wrong order, or of no kind that there is.
fn turns() -> [Case; 6] {
    let after = |bytes: &[u8]| [said(START, b"PLAIN"), bytes.to_vec()].concat();
    let start = after(&said(START, b"PLAIN"));
    let ok = "a SASL message OK comes out of turn";
    let complete = "a SASL message COMPLETE comes out of turn";
    let again = "a SASL message START comes out of turn";
    [
        ("a response first", said(OK, ALICE), (ERROR, ok), MALFORMED),
        (
            "the end first",
            said(COMPLETE, b""),
            (ERROR, complete),
            MALFORMED,
        ),
        ("two beginnings", start, (ERROR, again), MALFORMED),
        (
            "status 9",
            after(&[9]),
            (ERROR, "a SASL message has the status 9"),
            MALFORMED,
        ),
        (
            "status 0",
            after(&[0]),
            (ERROR, "a SASL message has the status 0"),
            MALFORMED,
        ),
        (
            "giving up",
            after(&said(BAD, b"no, thanks")),
            (0, ""),
            ErrorKind::Denied,
        ),
    ]
}

fn responses() -> Vec<Case> {
    let cases: [(&str, &[u8], &str); 6] = [
        ("no response", b"", "PLAIN takes two NULs"),
        ("one NUL", b"alice\0wonderland", "PLAIN takes two NULs"),
        (
            "three NULs",
            b"\0alice\0wonderland\0",
            "PLAIN takes two NULs",
        ),
        ("no user", b"\0\0wonderland", "PLAIN takes a user's name"),
        ("no password", b"\0alice\0", "PLAIN takes a password"),
        (
            "no UTF-8 in it",
            b"\0alice\0wonderland\xff",
            "PLAIN takes UTF-8",
        ),
    ];
    let case = |(name, response, told): (_, &[u8], _)| {
        let bytes = [said(START, b"PLAIN"), said(COMPLETE, response)].concat();
        (name, bytes, (ERROR, told), MALFORMED)
    };
    let most = [said(START, b"PLAIN"), said(OK, &vec![b'x'; 65_536])].concat();
    let most = (
        "the most bytes",
        most,
        (ERROR, "PLAIN takes two NULs"),
        MALFORMED,
    );
    cases.into_iter().map(case).chain([most]).collect()
}

/// Those who speak something else.
fn strangers() -> Vec<Case> {
    let cases: [(&str, &[u8]); 7] = [
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n"),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
        ("RDP", b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("a frame", CALL),
        ("a message", &CALL[4..]),
        ("noise", &[0xee; 100]),
    ];
    let case = |(name, bytes): (_, &[u8])| (name, bytes.to_vec(), (0, ""), MALFORMED);
    cases.into_iter().map(case).collect()
}

/// T01, T02 and T08: what a client may say, what it is told then, and what is counted.
#[test]
fn t01_t02_t08_bad_input_is_answered_and_named() {
    let mut cases: Vec<Case> = beginnings().into_iter().chain(lengths()).collect();
    cases.extend(turns().into_iter().chain(responses()).chain(strangers()));
    let foreign = ["HTTP", "TLS", "RDP", "SSH", "a frame", "a message", "noise"];
    for model in MODELS {
        let server = Running::bind(&config(model));
        for (name, bytes, (status, told), kind) in &cases {
            let before = server.handle.stats();
            let mut stream = socket(&server);
            // It may be closed before all of it has left.
            let _ = stream.write_all(bytes);
            let found = rest(&mut stream);
            let place = format!("{name}, {}: {}", model.name(), found.escape_ascii());
            if *status == 0 {
                assert!(found.is_empty(), "{place}");
            } else {
                assert_eq!(found[0], *status, "{place}");
                assert!(found[5..].starts_with(told.as_bytes()), "{place}");
                assert_eq!(found, said(*status, &found[5..]), "{place}");
            }
            eventually("it is counted", || {
                server.handle.stats().connections_failed_by(*kind)
                    == before.connections_failed_by(*kind) + 1
            });
            let now = server.handle.stats();
            let strange = now.connections_foreign - before.connections_foreign;
            assert_eq!(strange == 1, foreign.contains(name), "{place}");
            assert_eq!(
                now.connections_failed,
                before.connections_failed + 1,
                "{place}"
            );
        }
        assert_eq!(server.client().echo("still").unwrap(), "still");
    }
}

/// However many bytes come meanwhile.
#[test]
fn a_handshake_has_its_time() {
    let timeouts = ServerTimeouts::default().handshake_ms(150);
    for model in MODELS {
        let server = Running::bind(&config(model).timeouts(timeouts));
        let partly = [said(START, b"PLAIN"), vec![OK, 0, 0]].concat();
        for bytes in [&b""[..], b"\x01", b"GET ", &partly] {
            let begun = Instant::now();
            let mut stream = socket(&server);
            stream.write_all(bytes).unwrap();
            assert!(rest(&mut stream).is_empty());
            assert!(begun.elapsed() >= Duration::from_millis(140));
        }
        let mut stream = socket(&server);
        let endless = said(START, b"PLAIN")
            .into_iter()
            .chain([OK, 0, 0, 0xff, 0xff]);
        for byte in endless.chain([0; 10_000]) {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        eventually("all are counted", || {
            server
                .handle
                .stats()
                .connections_failed_by(ErrorKind::Timeout)
                == 5
        });
        // What is idle later has more time.
        let client = server.client();
        client.echo("x").unwrap();
        thread::sleep(Duration::from_millis(300));
        client.echo("x").unwrap();
        let accepted = server.handle.stats().connections_accepted;
        assert_eq!(accepted, 6, "{}", model.name());
    }
}

#[test]
fn a_check_that_panics_lets_nobody_in() {
    for model in MODELS {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let sasl = ServerSasl::new().plain(move |login| {
            let before = seen.fetch_add(1, Ordering::SeqCst);
            assert!(before >= 3, "no directory");
            login.accept()
        });
        let server = Running::bind(&config(model).sasl(sasl));
        for _ in 0..3 {
            let error = ProbeClient::connect(&server.client_config()).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Denied);
            let text = "the server refused: nobody can be let in now";
            assert!(error.to_string().ends_with(text), "{error}");
        }
        assert_eq!(server.client().echo("x").unwrap(), "x");
        eventually("each is counted", || {
            server
                .handle
                .stats()
                .connections_failed_by(ErrorKind::Handler)
                == 3
        });
    }
}

/// And it is named where nobody asked for it.
#[test]
fn a_server_without_it_counts_a_stranger() {
    for transport in ["framed", "auto"] {
        let server = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").transport(transport));
        let config = server.client_config().transport("sasl");
        let config = config.sasl(ClientSasl::plain("alice", "wonderland"));
        let error = ProbeClient::connect(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        eventually("it is counted", || {
            server.handle.stats().connections_foreign == 1
        });
    }
}
