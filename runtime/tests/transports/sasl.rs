//! SASL: what is said before the first message, by the byte and by whom.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{ClientSasl, ClientTimeouts, Model, ReplyOrder, ServerSasl, ServerTimeouts};
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::transport::sasl::{ClientMechanism, ClientStep, ServerMechanism, ServerStep};
use seapink::{
    CallContext, Client, ClientConfig, Error, ErrorKind, Protocol, Result, ServerConfig, User,
};

use crate::socket;
use crate::support::{
    AGES, Failure, Handler, MODELS, ProbeClient, Running, eventually, wonderland,
};

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("sasl")
        .sasl(wonderland())
}

const START: u8 = 1;
const OK: u8 = 2;
const BAD: u8 = 3;
const ERROR: u8 = 4;
const COMPLETE: u8 = 5;

const ALICE: &[u8] = b"\0alice\0wonderland";

fn said(status: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[status], &length[..], payload].concat()
}

/// `echo("hi")` and its reply, in frames.
const CALL: &[u8] = b"\0\0\0\x1a\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0";
const REPLY: &[u8] = b"\0\0\0\x1a\x80\x01\0\x02\0\0\0\x04echo\0\0\0\x07\x0b\0\0\0\0\0\x02hi\0";

#[track_caller]
fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read, expected, "{}", read.escape_ascii());
}

/// Everything up to the end.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        // What a server leaves unread when it closes comes back as a reset.
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => read,
    }
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        // As Apache's Java library says it, and as Python's does.
        for status in [COMPLETE, OK] {
            let mut stream = socket(&server);
            stream.write_all(&said(START, b"PLAIN")).unwrap();
            stream.write_all(&said(status, ALICE)).unwrap();
            expect(&mut stream, b"\x05\0\0\0\0");
            for _ in 0..2 {
                stream.write_all(CALL).unwrap();
                expect(&mut stream, REPLY);
            }
        }
        // Byte by byte.
        let mut stream = socket(&server);
        let all = [said(START, b"PLAIN"), said(OK, ALICE)].concat();
        for byte in &all {
            stream.write_all(&[*byte]).unwrap();
        }
        expect(&mut stream, b"\x05\0\0\0\0");
        for byte in CALL {
            stream.write_all(&[*byte]).unwrap();
        }
        expect(&mut stream, REPLY);
        drop(stream);
        // All of it at once, without waiting to be let in, in two parts at each place.
        let all = [&all, CALL, CALL].concat();
        let mut stream = socket(&server);
        stream.write_all(&all).unwrap();
        expect(&mut stream, b"\x05\0\0\0\0");
        expect(&mut stream, REPLY);
        expect(&mut stream, REPLY);
        drop(stream);
        for place in 1..all.len() {
            let mut stream = socket(&server);
            stream.write_all(&all[..place]).unwrap();
            stream.write_all(&all[place..]).unwrap();
            expect(&mut stream, &[b"\x05\0\0\0\0", REPLY, REPLY].concat());
        }
        eventually("all are gone", || {
            server.handle.stats().connections_open == 0 || model == Model::Simple
        });
        assert_eq!(
            server.handle.stats().connections_failed,
            0,
            "{}",
            model.name()
        );
    }
}

/// Large messages in both directions, without what `Stream` does where there is no layer.
#[test]
fn what_follows_is_passed_on_as_it_is() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let client = server.client();
        for size in [0, 1, 4095, 4096, 65_536, 3_000_000] {
            let text = "x".repeat(size);
            assert_eq!(client.echo(&text).unwrap(), text, "{}", model.name());
        }
        let stats = server.handle.stats();
        // The negotiation is no message.
        assert!(stats.bytes_read < 3_200_000, "{}", stats.bytes_read);
    }
}

#[test]
fn a_wrong_password_is_answered_and_counted_and_hurts_nobody_else() {
    for model in MODELS {
        if model == Model::Simple {
            continue;
        }
        let server = Running::bind(&config(model));
        let client = server.client();
        assert_eq!(client.echo("before").unwrap(), "before");
        for login in [
            &b"\0alice\0Wonderland"[..],
            b"\0mallory\0wonderland",
            b"bob\0alice\0wonderland",
        ] {
            let mut stream = socket(&server);
            stream.write_all(&said(START, b"PLAIN")).unwrap();
            stream.write_all(&said(COMPLETE, login)).unwrap();
            // The call behind it is not run.
            let _ = stream.write_all(CALL);
            assert_eq!(rest(&mut stream), said(BAD, b"invalid credentials"));
        }
        let wrong = server.client_config();
        let wrong = wrong.sasl(ClientSasl::plain("alice", "queen"));
        let error = ProbeClient::connect(&wrong).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let text = error.to_string();
        assert!(
            text.starts_with("no SASL with `PLAIN` at 127.0.0.1:")
                && text.ends_with(": the server refused: invalid credentials"),
            "{text}"
        );
        assert!(!error.is_retryable());
        assert!(!format!("{error:?} {error:#?}").contains("queen"));
        eventually("they are counted", || {
            server
                .handle
                .stats()
                .connections_failed_by(ErrorKind::Denied)
                == 4
        });
        let stats = server.handle.stats();
        assert_eq!(
            (stats.connections_failed, stats.connections_foreign),
            (4, 0)
        );
        assert_eq!(client.echo("after").unwrap(), "after");
        assert_eq!(server.handle.stats().replies, 2);
    }
}

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

/// Asks for a number, and lets in who says the next one, as often as it is told.
struct Riddle {
    left: u8,
    number: u8,
}

impl ServerMechanism for Riddle {
    fn answer(&mut self, response: &[u8]) -> Result<ServerStep> {
        match response {
            [] if self.number == 0 => {}
            [next, ..] if *next == self.number + 1 => self.left -= 1,
            _ => return Err(Error::new(ErrorKind::Denied, "it cannot count")),
        }
        self.number += 10;
        Ok(match self.left {
            0 => ServerStep::Done(User::new("counter"), vec![self.number]),
            _ => ServerStep::More(vec![self.number]),
        })
    }
}

/// Answers, and is satisfied when the server's last number is this.
struct Answers {
    last: u8,
}

impl ClientMechanism for Answers {
    fn begin(&mut self) -> Result<ClientStep> {
        Ok(ClientStep::More(Vec::new()))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<ClientStep> {
        match challenge {
            [last] if *last == self.last => Ok(ClientStep::Done(Vec::new())),
            [number] => Ok(ClientStep::More(vec![number + 1])),
            _ => Err(Error::new(ErrorKind::Denied, "this is not the server")),
        }
    }
}

fn riddles(rounds: u8) -> ServerSasl {
    wonderland().mechanism("RIDDLE", move || Riddle {
        left: rounds,
        number: 0,
    })
}

fn answers(last: u8) -> ClientSasl {
    ClientSasl::mechanism("RIDDLE", move || Answers { last })
}

#[test]
fn mechanisms_may_take_several_steps() {
    for model in MODELS {
        let server = Running::bind(&config(model).sasl(riddles(3)));
        let client = ProbeClient::connect(&server.client_config().sasl(answers(40))).unwrap();
        assert_eq!(client.echo("x").unwrap(), "x");
        drop(client);
        assert_eq!(server.client().echo("x").unwrap(), "x");
        // The bytes of it.
        let mut stream = socket(&server);
        let answers: &[(&[u8], &[u8])] = &[
            (b"\x01\0\0\0\x06RIDDLE\x02\0\0\0\0", b"\x02\0\0\0\x01\x0a"),
            (b"\x02\0\0\0\x01\x0b", b"\x02\0\0\0\x01\x14"),
            (b"\x02\0\0\0\x01\x15", b"\x02\0\0\0\x01\x1e"),
            (b"\x05\0\0\0\x01\x1f", b"\x05\0\0\0\x01\x28"),
            (CALL, REPLY),
        ];
        for (client, server) in answers {
            stream.write_all(client).unwrap();
            expect(&mut stream, server);
        }
        drop(stream);
        // A client that is done before the mechanism is.
        let mut stream = socket(&server);
        stream
            .write_all(b"\x01\0\0\0\x06RIDDLE\x05\0\0\0\0")
            .unwrap();
        let told = rest(&mut stream);
        assert_eq!(
            told,
            said(ERROR, b"the client says COMPLETE, and RIDDLE is not")
        );
    }
}

#[test]
fn neither_end_goes_on_for_ever() {
    let server = Running::bind(&config(Model::Threaded).sasl(riddles(255)));
    let error = ProbeClient::connect(&server.client_config().sasl(answers(0)));
    let error = error.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    assert!(
        error.to_string().contains("16 SASL messages to no end"),
        "{error}"
    );
    eventually("it is counted", || {
        server
            .handle
            .stats()
            .connections_failed_by(ErrorKind::Limit)
            == 1
    });
    // A server that asks and asks.
    let server = strange(
        |stream| {
            while stream.write_all(b"\x02\0\0\0\x01\x07").is_ok() {}
        },
    );
    let error = ProbeClient::connect(&server.sasl(answers(0)))
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

/// It has to know something itself where the mechanism says so.
#[test]
fn a_server_is_not_believed_that_it_is_one() {
    for (bytes, text) in [
        (&b"\x05\0\0\0\0"[..], "this is not the server"),
        (
            b"\x05\0\0\0\x01\x07",
            "the server says COMPLETE before the mechanism is",
        ),
        (b"\x02\0\0\0\x02\x07\x07", "this is not the server"),
    ] {
        let server = strange(move |stream| {
            stream.write_all(bytes).unwrap();
            // Nothing of a call follows.
            let mut left = rest(stream);
            left.drain(..16);
            assert_eq!(left, said(BAD, b""));
        });
        let error = ProbeClient::connect(&server.sasl(answers(99)))
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().ends_with(text), "{error}");
    }
}

/// What clients of one are configured like who does this with the first connection.
fn strange(serve: impl FnOnce(&mut TcpStream) + Send + 'static) -> ClientConfig {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(AGES)).unwrap();
        serve(&mut stream);
    });
    ClientConfig::new(address)
        .transport("sasl")
        .timeouts(ClientTimeouts::default().connect_ms(5_000))
        .sasl(ClientSasl::plain("alice", "wonderland").authorization("bob"))
}

#[test]
fn clients_say_what_the_server_did() {
    let hello = [
        said(START, b"PLAIN"),
        said(COMPLETE, b"bob\0alice\0wonderland"),
    ];
    for (bytes, kind, text) in [
        (
            &b"\x03\0\0\0\x02no"[..],
            ErrorKind::Denied,
            "the server refused: no",
        ),
        (
            b"\x03\0\0\0\0",
            ErrorKind::Denied,
            "the server refused: without a word",
        ),
        (
            b"\x04\0\0\0\x02eh",
            ErrorKind::Malformed,
            "the server did not understand: eh",
        ),
        (
            b"\x02\0\0\0\0",
            ErrorKind::Malformed,
            "the server asks for more than the mechanism has to say",
        ),
        (
            b"\x01\0\0\0\x05PLAIN",
            ErrorKind::Malformed,
            "the server sent a SASL message START, as clients do",
        ),
        (
            b"\x05\xff\xff\xff\xff",
            ErrorKind::Malformed,
            "a SASL message declares a negative length, -1",
        ),
        (
            b"\x03\x7f\xff\xff\xff",
            ErrorKind::Limit,
            "a SASL message declares 2147483647 bytes, more than 65536",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            ErrorKind::Malformed,
            "the server seems to speak HTTP, without SASL",
        ),
        (
            b"\x15\x03\x01\0\x02\x02\x46\0",
            ErrorKind::Malformed,
            "the server seems to speak TLS, without SASL",
        ),
        (
            b"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa",
            ErrorKind::Malformed,
            "what the server sent, \\xaa\\xaa\\xaa\\xaa\\xaa\\xaa\\xaa\\xaa, is not SASL",
        ),
        (
            b"",
            ErrorKind::Closed,
            "the server closed the connection during the handshake; does it speak SASL there?",
        ),
        (
            b"\x05\0\0",
            ErrorKind::Closed,
            "the server closed the connection during the handshake; does it speak SASL there?",
        ),
    ] {
        let expected = hello.concat();
        let server = strange(move |stream| {
            expect(stream, &expected);
            stream.write_all(bytes).unwrap();
        });
        let error = ProbeClient::connect(&server).err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        let start = "no SASL with `PLAIN` at 127.0.0.1:";
        let found = error.to_string();
        assert!(found.starts_with(start) && found.ends_with(text), "{found}");
    }
}

#[test]
fn a_server_that_says_nothing_has_the_time_of_connecting() {
    let (told, done) = std::sync::mpsc::channel::<()>();
    let server = strange(move |_| {
        let _ = done.recv();
    });
    let server = server.timeouts(ClientTimeouts::default().connect_ms(100));
    let error = ProbeClient::connect(&server).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let text = "no handshake in time; does the server speak SASL there?";
    assert!(error.to_string().ends_with(text), "{error}");
    drop(told);
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

/// A service that says who calls.
struct Who;

#[allow(
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn who(_: &Who, cx: &CallContext) -> Result<String, Failure> {
    Ok(match cx.user() {
        None => "nobody".to_owned(),
        Some(user) => format!("{} by {} {}", user.name(), user.login(), user.mechanism()),
    })
}

impl Service for Who {
    type Handler = Self;

    const NAME: &'static str = "Who";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "who" => call.reply(handler, who, &[]),
            _ => call.unknown_method(),
        }
    }
}

fn ask(client: &Client) -> Result<String, Failure> {
    client.call("who", &[], ())
}

/// Keeps somebody out.
struct Not(&'static str);

impl Interceptor for Not {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        match cx.user() {
            Some(user) if user.name() == self.0 => Err(Error::handler("not for you", "")),
            _ => Ok(()),
        }
    }
}

#[test]
fn handlers_and_interceptors_know_who_calls() {
    let gateways = ServerSasl::new().plain(|login| Ok(login.accept_as_asked()));
    let any = ReplyOrder::Any;
    let ways = MODELS.map(|model| (model, ReplyOrder::Sent));
    for (model, order) in ways.into_iter().chain([(Model::Nonblocking, any)]) {
        let config = config(model).sasl(gateways.clone()).reply_order(order);
        let processor = Intercepted::new(Who).with(Not("mallory"));
        let server = Running::bind_with(&config, processor, Arc::<Handler>::default());
        let as_who = |sasl: ClientSasl| {
            Client::<seapink::Standard>::connect(&server.client_config().sasl(sasl)).unwrap()
        };
        let client = as_who(ClientSasl::plain("alice", "x"));
        for _ in 0..3 {
            assert_eq!(ask(&client).ok().unwrap(), "alice by alice PLAIN");
        }
        drop(client);
        let gateway = as_who(ClientSasl::plain("hue", "x").authorization("bob"));
        assert_eq!(ask(&gateway).ok().unwrap(), "bob by hue PLAIN");
        drop(gateway);
        let mallory = as_who(ClientSasl::plain("mallory", "x"));
        let error = ask(&mallory).unwrap_err().other();
        assert!(error.to_string().contains("not for you"), "{error}");
    }
    let plain = ServerConfig::new("tcp://127.0.0.1:0");
    let server = Running::bind_with(&plain, Who, Arc::<Handler>::default());
    assert_eq!(ask(&server.client().0).ok().unwrap(), "nobody");
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    use seapink::{AsyncClient, AsyncServer};

    let runtime = tokio::runtime::Runtime::new().unwrap();
    for order in [ReplyOrder::Sent, ReplyOrder::Any] {
        let config = config(Model::Nonblocking).reply_order(order);
        runtime.block_on(async {
            let timeouts = ServerTimeouts::default().handshake_ms(150);
            let config = config.timeouts(timeouts);
            let server = AsyncServer::bind_blocking(&config, Who).unwrap();
            let handle = server.handle();
            let config = ClientConfig::new(server.local_addr().to_string()).transport("sasl");
            tokio::spawn(server.run());
            let alice = config
                .clone()
                .sasl(ClientSasl::plain("alice", "wonderland"));
            let client = AsyncClient::<seapink::Standard>::connect(&alice)
                .await
                .unwrap();
            for _ in 0..3 {
                let who = client.call::<_, String, Failure>("who", &[], ());
                assert_eq!(who.await.ok().unwrap(), "alice by alice PLAIN");
            }
            let wrong = config.sasl(ClientSasl::plain("alice", "queen"));
            let error = AsyncClient::<seapink::Standard>::connect(&wrong).await;
            let error = error.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
            tokio::task::spawn_blocking(move || {
                let address = alice.connect.strip_prefix("tcp://").unwrap();
                let mut silent = TcpStream::connect(address).unwrap();
                silent.set_read_timeout(Some(AGES)).unwrap();
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
                assert!(rest(&mut stream).is_empty());
                assert!(rest(&mut silent).is_empty());
            })
            .await
            .unwrap();
            let stats = handle.stats();
            let failed = |kind| stats.connections_failed_by(kind);
            let counts = [ErrorKind::Denied, ErrorKind::Malformed, ErrorKind::Timeout].map(failed);
            assert_eq!((counts, stats.connections_foreign), ([1, 1, 1], 1));
        });
    }
}

/// Wherever a program or a person may come across it.
#[test]
fn passwords_are_shown_nowhere() {
    let secret = "hunter2";
    let config = ClientConfig::new("tcp://127.0.0.1:1").transport("sasl");
    let config = config.sasl(ClientSasl::plain("alice", secret));
    let mut shown = format!("{config:?} {config:#?}");
    let error = Client::<seapink::Standard>::connect(&config).err().unwrap();
    shown += &format!("{error:?} {error:#?}");
    for value in [
        "hunter2",
        "\"hunter2",
        "'hunter2",
        "[\"hunter2\"]",
        "[hunter2]",
        "{ hunter2 = 1 }",
        "\"hunter2\" more",
        "\"hunter2\\q\"",
    ] {
        let head = "[client]\nconnect = 'tcp://a:1'\ntransport = 'sasl'\n";
        for text in [
            format!("{head}[client.sasl]\nuser = 'a'\npassword = {value}\n"),
            format!("{head}[client.sasl]\nuser = 'a'\npassword: {value}\n"),
            format!("{head}sasl = {{ user = 'a', password = {value} }}\n"),
            format!("{head}sasl.password = {value}\n"),
            format!("{head}[client.sasl]\nuser = 'a'\npassword = 'x'\npassword = {value}\n"),
        ] {
            let error = ClientConfig::from_toml(&text).unwrap_err();
            shown += &format!("{error} {error:?} {error:#?}\n");
        }
    }
    assert!(!shown.contains(secret), "{shown}");
    assert!(shown.contains("alice"), "{shown}");
}
