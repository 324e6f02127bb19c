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

/// T01, T02 and T08: what a client may say, what it is told then, and what is counted.
#[test]
fn t01_t02_t08_bad_input_is_answered_and_named() {
    let start = || said(START, b"PLAIN");
    let after = |bytes: Vec<u8>| [start(), bytes].concat();
    let malformed = ErrorKind::Malformed;
    let plain = |response: &[u8]| after(said(COMPLETE, response));
    let cases: Vec<(&str, Vec<u8>, (u8, &str), ErrorKind)> = vec![
        (
            "an unknown mechanism",
            said(START, b"GSSAPI"),
            (
                BAD,
                "the mechanism `GSSAPI` is not offered; there are: PLAIN",
            ),
            ErrorKind::Denied,
        ),
        (
            "a small one",
            said(START, b"plain"),
            (BAD, "the mechanism `plain` is"),
            ErrorKind::Denied,
        ),
        (
            "the longest name",
            said(START, &[b'X'; 20]),
            (BAD, "the mechanism `XXXXXXXXXXXXXXXXXXXX` is"),
            ErrorKind::Denied,
        ),
        (
            "a longer name",
            said(START, &[b'X'; 21]),
            (ERROR, "that is no name"),
            malformed,
        ),
        (
            "no name",
            said(START, b""),
            (ERROR, "that is no name"),
            malformed,
        ),
        (
            "a name with a space",
            said(START, b"PLA IN"),
            (ERROR, "that is no name"),
            malformed,
        ),
        (
            "no UTF-8",
            said(START, b"\xff\xfe"),
            (ERROR, "that is no name"),
            malformed,
        ),
        (
            "a response first",
            said(OK, ALICE),
            (ERROR, "a SASL message OK comes out of turn"),
            malformed,
        ),
        (
            "the end first",
            said(COMPLETE, b""),
            (ERROR, "a SASL message COMPLETE comes out of turn"),
            malformed,
        ),
        (
            "two beginnings",
            after(start()),
            (ERROR, "a SASL message START comes out of turn"),
            malformed,
        ),
        (
            "another status",
            after(vec![9]),
            (ERROR, "a SASL message has the status 9"),
            malformed,
        ),
        (
            "status 0",
            after(vec![0]),
            (ERROR, "a SASL message has the status 0"),
            malformed,
        ),
        (
            "a negative length",
            vec![1, 0xff, 0xff, 0xff, 0xff],
            (ERROR, "a SASL message declares a negative length, -1"),
            malformed,
        ),
        (
            "the most negative length",
            vec![1, 0x80, 0, 0, 0],
            (
                ERROR,
                "a SASL message declares a negative length, -2147483648",
            ),
            malformed,
        ),
        (
            "one byte too many",
            vec![1, 0, 1, 0, 1],
            (
                ERROR,
                "a SASL message declares 65537 bytes, more than 65536",
            ),
            ErrorKind::Limit,
        ),
        (
            "the longest length",
            after(vec![2, 0x7f, 0xff, 0xff, 0xff]),
            (ERROR, "a SASL message declares 2147483647 bytes"),
            ErrorKind::Limit,
        ),
        (
            "no response",
            plain(b""),
            (ERROR, "PLAIN takes two NULs"),
            malformed,
        ),
        (
            "one NUL",
            plain(b"alice\0wonderland"),
            (ERROR, "PLAIN takes two NULs"),
            malformed,
        ),
        (
            "three NULs",
            plain(b"\0alice\0wonderland\0"),
            (ERROR, "PLAIN takes two NULs"),
            malformed,
        ),
        (
            "no user",
            plain(b"\0\0wonderland"),
            (ERROR, "PLAIN takes a user's name"),
            malformed,
        ),
        (
            "no password",
            plain(b"\0alice\0"),
            (ERROR, "PLAIN takes a password"),
            malformed,
        ),
        (
            "no UTF-8 in it",
            plain(b"\0alice\0wonderland\xff"),
            (ERROR, "PLAIN takes UTF-8"),
            malformed,
        ),
        (
            "the most bytes",
            plain(&[b'x'; 65_536]),
            (ERROR, "PLAIN takes two NULs"),
            malformed,
        ),
        (
            "giving up",
            after(said(BAD, b"no, thanks")),
            (0, ""),
            ErrorKind::Denied,
        ),
        (
            "HTTP",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            (0, ""),
            malformed,
        ),
        (
            "TLS",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(),
            (0, ""),
            malformed,
        ),
        (
            "RDP",
            b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01".to_vec(),
            (0, ""),
            malformed,
        ),
        (
            "SSH",
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            (0, ""),
            malformed,
        ),
        ("a frame", CALL.to_vec(), (0, ""), malformed),
        ("a message", CALL[4..].to_vec(), (0, ""), malformed),
        ("noise", vec![0xee; 100], (0, ""), malformed),
    ];
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
            if seen.fetch_add(1, Ordering::SeqCst) < 3 {
                panic!("no directory");
            }
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
        let stats = server.handle.stats();
        assert_eq!(
            stats.connections_failed_by(ErrorKind::Handler),
            3,
            "{}",
            model.name()
        );
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
