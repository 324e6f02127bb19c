//! `WebSocket` as others speak it, by the byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seapink::config::{
    ClientWebSocket, Dispatch, Model, ReplyOrder, ServerTimeouts, ServerWebSocket,
};
use seapink::{Client, ClientConfig, Delivery, ErrorKind, Limits, ServerConfig};
use tungstenite::handshake::derive_accept_key;

use crate::socket;
use crate::support::{AGES, MODELS, ProbeClient, Running, eventually};

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("websocket")
}

/// That of RFC 6455, and the answer to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// `echo("hi")` and its reply, and a oneway `note("hi")`.
const CALL: &[u8] = b"\0\0\0\x04echo\x01\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0";
const REPLY: &[u8] = b"\0\0\0\x04echo\x02\0\0\0\x07\x0b\0\0\0\0\0\x02hi\0";
const NOTE: &[u8] = b"\0\0\0\x04note\x04\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0";

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const LAST: u8 = 0x80;

fn request(head: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{head}\r\n"
    )
}

fn switching(accept: &str, head: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{head}\r\n"
    )
}

/// The length of a frame, by the shortest form, with the bit for a mask or without.
fn length(mask: u8, length: usize) -> Vec<u8> {
    match u16::try_from(length) {
        Ok(length @ ..126) => vec![mask | u8::try_from(length).unwrap()],
        Ok(length) => [&[mask | 126][..], &length.to_be_bytes()].concat(),
        Err(_) => [&[mask | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// A frame of a server.
fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first][..], &length(0, payload.len()), payload].concat()
}

/// A frame of a client.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let bytes = payload.iter().zip(mask.iter().cycle());
    let bytes: Vec<u8> = bytes.map(|(byte, mask)| byte ^ mask).collect();
    [&[first][..], &length(0x80, payload.len()), &mask, &bytes].concat()
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}

#[track_caller]
fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(
        read.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        // What a server leaves unread when it closes comes back as a reset.
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => read,
    }
}

/// A connection that has its handshake behind it.
fn open(server: &Running) -> TcpStream {
    let mut stream = socket(server);
    stream.write_all(request("").as_bytes()).unwrap();
    expect(&mut stream, switching(ACCEPT, "").as_bytes());
    stream
}

#[test]
fn messages_in_all_their_forms() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = open(&server);
        stream.write_all(&masked(LAST | BINARY, CALL)).unwrap();
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        // Byte by byte.
        for byte in masked(LAST | BINARY, CALL) {
            stream.write_all(&[byte]).unwrap();
        }
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        // In parts, some of them empty, with a ping between them.
        let (first, second) = CALL.split_at(9);
        let parts = [
            masked(BINARY, first),
            masked(CONTINUATION, b""),
            masked(LAST | PING, b"there?"),
            masked(CONTINUATION, &second[..1]),
            masked(LAST | PONG, b"unasked"),
            masked(LAST | CONTINUATION, &second[1..]),
        ];
        stream.write_all(&parts.concat()).unwrap();
        expect(&mut stream, &plain(LAST | PONG, b"there?"));
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        // Several at once, of which one has no answer.
        let all = [CALL, NOTE, CALL].map(|call| masked(LAST | BINARY, call));
        stream.write_all(&all.concat()).unwrap();
        expect(&mut stream, &plain(LAST | BINARY, REPLY).repeat(2));
        // By longer forms of the length than it takes, as some of Apache's libraries do.
        let mut long = masked(LAST | BINARY, CALL);
        long.splice(
            1..2,
            [&[0x80 | 127][..], &(CALL.len() as u64).to_be_bytes()].concat(),
        );
        stream.write_all(&long).unwrap();
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        // Calls before a close are answered, and the close is.
        let last = [
            masked(LAST | BINARY, CALL),
            masked(LAST | CLOSE, &close(1001, "bye")),
        ];
        stream.write_all(&last.concat()).unwrap();
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        assert_eq!(rest(&mut stream), plain(LAST | CLOSE, &close(1001, "")));
        // One that says nothing, and none at all.
        let mut stream = open(&server);
        stream.write_all(&masked(LAST | CLOSE, b"")).unwrap();
        assert_eq!(rest(&mut stream), plain(LAST | CLOSE, b""));
        let mut stream = open(&server);
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut stream), plain(LAST | CLOSE, &close(1000, "")));
        eventually("all are gone", || {
            server.handle.stats().connections_open == 0
        });
        let failed = server.handle.stats().connections_failed;
        assert_eq!(failed, 0, "{}", model.name());
    }
}

/// T06: wherever the bytes of a connection are cut in two.
#[test]
fn every_split_gives_the_same_answers() {
    let call = masked(LAST | BINARY, CALL);
    let bytes = [
        request("").as_bytes(),
        &call,
        &masked(LAST | PING, b"x"),
        &call,
    ]
    .concat();
    let server = Running::memory(&config(Model::Threaded));
    for split in 1..bytes.len() {
        let mut stream = server.stream();
        stream.write_all(&bytes[..split]).unwrap();
        // Lets the server see the first part alone, most of the time.
        thread::yield_now();
        stream.write_all(&bytes[split..]).unwrap();
        seapink::transport::Stream::set_read_timeout(&mut stream, Some(AGES)).unwrap();
        let reply = plain(LAST | BINARY, REPLY);
        let mut read = vec![0; switching(ACCEPT, "").len() + 2 * reply.len() + 3];
        stream.read_exact(&mut read).unwrap();
        let found = |part: &[u8]| {
            read.windows(part.len())
                .filter(|found| *found == part)
                .count()
        };
        assert!(
            read.starts_with(switching(ACCEPT, "").as_bytes()),
            "split at {split}"
        );
        assert_eq!(found(&reply), 2, "split at {split}");
        assert_eq!(found(&plain(LAST | PONG, b"x")), 1, "split at {split}");
    }
}

/// A call of `echo("é")` and its reply, in JSON.
const JSON_CALL: &str = r#"[1,"echo",1,7,{"1":{"str":"é"}}]"#;
const JSON_REPLY: &str = r#"[1,"echo",2,7,{"0":{"str":"é"}}]"#;

#[test]
fn text_is_answered_by_text_where_the_protocol_is_json() {
    for model in MODELS {
        for protocol in ["json", "auto"] {
            let server = Running::bind(&config(model).protocol(protocol));
            for kind in [TEXT, BINARY] {
                let mut stream = open(&server);
                for _ in 0..2 {
                    // In parts, which may cut a letter.
                    let (first, second) = JSON_CALL.as_bytes().split_at(27);
                    stream.write_all(&masked(kind, first)).unwrap();
                    stream
                        .write_all(&masked(LAST | CONTINUATION, second))
                        .unwrap();
                    expect(&mut stream, &plain(LAST | kind, JSON_REPLY.as_bytes()));
                    stream
                        .write_all(&masked(LAST | kind, JSON_CALL.as_bytes()))
                        .unwrap();
                    expect(&mut stream, &plain(LAST | kind, JSON_REPLY.as_bytes()));
                }
            }
            for (bad, code) in [(&b"[1,\xff"[..], 1007), (CALL, 1007), (b"", 1007)] {
                let mut stream = open(&server);
                stream.write_all(&masked(LAST | TEXT, bad)).unwrap();
                assert_eq!(rest(&mut stream), plain(LAST | CLOSE, &close(code, "")));
            }
        }
        let server = Running::bind(&config(model));
        let mut stream = open(&server);
        stream.write_all(&masked(LAST | TEXT, CALL)).unwrap();
        assert_eq!(rest(&mut stream), plain(LAST | CLOSE, &close(1003, "")));
    }
}

/// T01, T02: each is told why, and nobody else notices.
#[test]
fn t01_frames_that_make_no_sense_are_refused() {
    let limits = Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    let lying =
        |length: &[u8]| [&[LAST | BINARY][..], length, b"mask", b"0123456789abcdef"].concat();
    let mut cases = vec![
        ("no mask", plain(LAST | BINARY, CALL), 1002),
        ("no mask on a ping", plain(LAST | PING, b""), 1002),
        ("a ping in parts", masked(PING, b"x"), 1002),
        ("a close in parts", masked(CLOSE, b""), 1002),
        ("a long ping", masked(LAST | PING, &[7; 126]), 1002),
        ("a long pong", masked(LAST | PONG, &[7; 70_000]), 1002),
        (
            "a long close",
            masked(LAST | CLOSE, &close(1000, &"x".repeat(124))),
            1002,
        ),
        ("half a code", masked(LAST | CLOSE, &[3]), 1002),
        (
            "a reason that is not UTF-8",
            masked(LAST | CLOSE, b"\x03\xe8\xff"),
            1007,
        ),
        (
            "a continuation of nothing",
            masked(LAST | CONTINUATION, CALL),
            1002,
        ),
        ("a beginning of that", masked(CONTINUATION, CALL), 1002),
        (
            "one inside of another",
            [masked(BINARY, b"x"), masked(BINARY, b"y")].concat(),
            1002,
        ),
        ("an empty one", masked(LAST | BINARY, b""), 1007),
        (
            "empty parts",
            [masked(BINARY, b""), masked(LAST | CONTINUATION, b"")].concat(),
            1007,
        ),
        ("the limit and one", masked(LAST | BINARY, &[1; 1001]), 1009),
        (
            "in parts",
            [masked(BINARY, &[1; 1000]), masked(CONTINUATION, b"1")].concat(),
            1009,
        ),
        ("2¹⁵ + 1", lying(b"\xfe\x80\x01"), 1009),
        ("2¹⁶ − 1", lying(b"\xfe\xff\xff"), 1009),
        ("2²⁴", lying(b"\xff\0\0\0\0\x01\0\0\0"), 1009),
        ("2³¹ − 1", lying(b"\xff\0\0\0\0\x7f\xff\xff\xff"), 1009),
        ("2³²", lying(b"\xff\0\0\0\x01\0\0\0\0"), 1009),
        (
            "2⁶³ − 1",
            lying(b"\xff\x7f\xff\xff\xff\xff\xff\xff\xff"),
            1009,
        ),
        ("2⁶³", lying(b"\xff\x80\0\0\0\0\0\0\0"), 1009),
        (
            "2⁶⁴ − 1",
            lying(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            1009,
        ),
    ];
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        cases.push((
            "a code for nobody",
            masked(LAST | CLOSE, &close(code, "")),
            1002,
        ));
    }
    for bit in [0x40, 0x20, 0x10] {
        cases.push(("a reserved bit", masked(LAST | BINARY | bit, CALL), 1002));
    }
    for opcode in (3..8).chain(11..16) {
        cases.push(("a reserved opcode", masked(LAST | opcode, CALL), 1002));
    }
    // What a peer says to be wrong is said back.
    cases.push((
        "a complaint",
        masked(LAST | CLOSE, &close(1011, "oh")),
        1011,
    ));
    cases.push((
        "one of its own",
        masked(LAST | CLOSE, &close(4000, "")),
        4000,
    ));
    for model in MODELS {
        let server = Running::bind(&config(model).limits(limits));
        for (what, bytes, code) in &cases {
            let mut stream = open(&server);
            stream.write_all(bytes).unwrap();
            let said = rest(&mut stream);
            assert_eq!(
                said,
                plain(LAST | CLOSE, &close(*code, "")),
                "{what}, {}",
                model.name()
            );
        }
        eventually("all are counted", || {
            // What a peer complains of is not its own failure.
            server.handle.stats().connections_failed == cases.len() as u64 - 2
        });
        assert_eq!(server.client().echo("still").unwrap(), "still");
    }
}

/// T02: the limit itself.
#[test]
fn t02_messages_come_up_to_their_limit() {
    let limits = Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    let server = Running::bind(&config(Model::Nonblocking).limits(limits));
    let text = "x".repeat(1000 - CALL.len() + 2);
    let grown = |message: &[u8], head: usize| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&message[..head], &length, text.as_bytes(), b"\0"].concat()
    };
    let (call, reply) = (grown(CALL, CALL.len() - 7), grown(REPLY, REPLY.len() - 7));
    assert_eq!(call.len(), 1000);
    let mut stream = open(&server);
    stream.write_all(&masked(LAST | BINARY, &call)).unwrap();
    expect(&mut stream, &plain(LAST | BINARY, &reply));
    for part in call.chunks(300) {
        let kind = if part[..4] == [0, 0, 0, 4] {
            BINARY
        } else {
            CONTINUATION
        };
        stream.write_all(&masked(kind, part)).unwrap();
    }
    stream.write_all(&masked(LAST | CONTINUATION, b"")).unwrap();
    expect(&mut stream, &plain(LAST | BINARY, &reply));
}

/// Upgrades that are none, and what they are answered with.
#[test]
fn requests_that_are_refused_are_told_so() {
    let rules = ServerWebSocket::default()
        .path("/thrift")
        .origin("https://app.example.org")
        .subprotocol("thrift");
    let good = request("").replace("GET / ", "GET /thrift ");
    let without = |name: &str| {
        let lines = good.split_inclusive("\r\n");
        lines
            .filter(|line| !line.starts_with(name))
            .collect::<String>()
    };
    let with = |more: &str| good.replace("Host", &format!("{more}\r\nHost"));
    let many = good.replace("Host", &format!("{}Host", "a: b\r\n".repeat(200)));
    let large = with(&format!("a: {}", "b".repeat(70_000)));
    let cases = [
        (good.replace("GET", "POST"), "405 ", "Allow: GET\r\n"),
        (
            "POST /thrift HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
            "405 ",
            "",
        ),
        (good.replace("/thrift", "/other"), "404 ", ""),
        (
            "GET /thrift HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "426 ",
            "Upgrade: websocket\r\n",
        ),
        (without("Upgrade"), "426 ", ""),
        (without("Connection"), "426 ", ""),
        (
            good.replace("Upgrade: websocket", "Upgrade: h2c"),
            "426 ",
            "",
        ),
        (
            without("Sec-WebSocket-Version"),
            "426 ",
            "Sec-WebSocket-Version: 13\r\n",
        ),
        (
            good.replace("Version: 13", "Version: 8"),
            "426 ",
            "Sec-WebSocket-Version: 13\r\n",
        ),
        (without("Sec-WebSocket-Key"), "400 ", ""),
        (good.replace(KEY, "c2hvcnQ="), "400 ", ""),
        (
            good.replace(KEY, "no base64 at all, but of the size"),
            "400 ",
            "",
        ),
        (with(&format!("Sec-WebSocket-Key: {KEY}")), "400 ", ""),
        (without("Host"), "400 ", ""),
        (with("Content-Length: 5"), "400 ", ""),
        (with("Transfer-Encoding: chunked"), "400 ", ""),
        (with("Origin: https://evil.example.org"), "403 ", ""),
        (with("Origin: null"), "403 ", ""),
        (with("Origin: https://app.example.org.evil"), "403 ", ""),
        (many, "431 ", ""),
        (large, "431 ", ""),
        ("no http at all\r\n\r\n".to_owned(), "400 ", ""),
        ("\u{0}\u{0}\u{0}\u{18}".to_owned(), "400 ", ""),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "400 ", ""),
        (
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}".to_owned(),
            "400 ",
            "",
        ),
        ("SSH-2.0-OpenSSH_9\r\n".to_owned(), "400 ", ""),
    ];
    for model in MODELS {
        let server = Running::bind(&config(model).websocket(rules.clone()));
        for (bytes, status, more) in &cases {
            let mut stream = socket(&server);
            // The rest of a head that is too large may find nobody any more.
            let _ = stream.write_all(bytes.as_bytes());
            let answer = String::from_utf8(rest(&mut stream)).unwrap();
            let begin = bytes.lines().take(7).collect::<Vec<_>>();
            let expected = format!("HTTP/1.1 {status}");
            // The answer to a head that still comes may be lost with the connection.
            let lost = answer.is_empty() && bytes.len() > 64 * 1024;
            assert!(lost || answer.starts_with(&expected), "{begin:?}: {answer}");
            assert!(lost || answer.contains("\r\nContent-Length: 0\r\nConnection: close\r\n"));
            assert!(answer.contains(more), "{answer}");
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == cases.len() as u64
        });
        for (more, chosen) in [
            ("Origin: https://App.Example.org", ""),
            (
                "Sec-WebSocket-Protocol: mqtt, thrift",
                "Sec-WebSocket-Protocol: thrift\r\n",
            ),
            ("Sec-WebSocket-Protocol: mqtt", ""),
            ("Sec-WebSocket-Extensions: permessage-deflate", ""),
            ("connection: keep-alive, upgrade", ""),
        ] {
            let mut stream = socket(&server);
            let asking = with(more).replace("/thrift", "/thrift?token=1");
            stream.write_all(asking.as_bytes()).unwrap();
            expect(&mut stream, switching(ACCEPT, chosen).as_bytes());
        }
        let asked = ClientWebSocket::default()
            .path("/thrift")
            .subprotocol("thrift");
        let client = server.client_with(&server.client_config().websocket(asked));
        assert_eq!(client.echo("still").unwrap(), "still");
    }
}

/// Pages of anywhere, if somebody says so.
#[test]
fn all_origins_may_be_taken() {
    let rules = ServerWebSocket::default().origin("*");
    let server = Running::bind(&config(Model::Nonblocking).websocket(rules));
    let asked = ClientWebSocket::default().field("Origin", "null");
    let client = server.client_with(&server.client_config().websocket(asked));
    assert_eq!(client.echo("hi").unwrap(), "hi");
}

/// T01: what never ends costs no more than a message may.
#[test]
fn t01_endless_messages_and_heads_end() {
    let limits = Limits::default()
        .frame_bytes_max(100_000)
        .message_bytes_max(100_000);
    for model in MODELS {
        let server = Running::bind(&config(model).limits(limits));
        let begun = [request("").into_bytes(), masked(BINARY, b"x")].concat();
        let part = masked(CONTINUATION, &[0; 0xfff]);
        for (head, part) in [
            (begun, &*part),
            (
                b"GET / HTTP/1.1\r\n".to_vec(),
                b"a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            ),
            (
                b"GET / HTTP/1.1\r\na: ".to_vec(),
                b"0123456789012345678901234567890123456789",
            ),
        ] {
            let mut stream = socket(&server);
            let mut sent = 0;
            let mut open = stream.write_all(&head).is_ok();
            while open && sent < 8 << 20 {
                open = stream.write_all(part).is_ok();
                sent += part.len();
            }
            assert!(!open, "{sent} bytes were taken");
        }
        eventually("all are counted", || {
            server.handle.stats().connections_failed == 3
        });
    }
}

/// T04: pings and empty parts without end are work for nobody but who sends them.
#[test]
fn t04_pings_are_answered_however_many_come() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = open(&server);
        // One by one.
        for number in 0..100_u8 {
            stream.write_all(&masked(LAST | PING, &[number])).unwrap();
            expect(&mut stream, &plain(LAST | PONG, &[number]));
        }
        // More than anybody reads: the last one is answered.
        let mut many = masked(LAST | PING, &[7; 125]).repeat(20_000);
        many.extend(masked(BINARY, CALL));
        many.extend(masked(CONTINUATION, b"").repeat(200_000));
        many.extend(masked(LAST | CONTINUATION, b""));
        many.extend(masked(LAST | PING, b"last"));
        let mut writing = stream.try_clone().unwrap();
        let writer = thread::spawn(move || writing.write_all(&many));
        let mut read = Vec::new();
        let (pong, reply) = (plain(LAST | PONG, b"last"), plain(LAST | BINARY, REPLY));
        let has = |read: &[u8], part: &[u8]| read.windows(part.len()).any(|found| found == part);
        while !has(&read[read.len().saturating_sub(200)..], &pong) || !has(&read, &reply) {
            let mut buffer = [0; 4096];
            let bytes = stream.read(&mut buffer).unwrap();
            assert!(bytes > 0, "closed");
            read.extend_from_slice(&buffer[..bytes]);
        }
        writer.join().unwrap().unwrap();
        let pongs = read.len() / plain(LAST | PONG, &[7; 125]).len();
        assert!(pongs <= 20_000);
    }
}

#[test]
fn a_handshake_that_drips_is_cut() {
    let timeouts = ServerTimeouts::default().handshake_ms(200);
    for model in MODELS {
        let server = Running::bind(&config(model).timeouts(timeouts));
        let mut stream = socket(&server);
        for byte in request(&format!("a: {}", "b".repeat(10_000))).bytes() {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            thread::sleep(std::time::Duration::from_millis(8));
        }
        let stats = server.handle.stats();
        assert_eq!(
            stats.connections_failed_by(ErrorKind::Timeout),
            1,
            "{}",
            model.name()
        );
    }
}

/// Replies in another order than their calls.
#[test]
fn many_calls_are_in_flight() {
    let config = config(Model::Nonblocking)
        .dispatch(Dispatch::Workers)
        .reply_order(ReplyOrder::Any);
    let server = Running::bind(&config);
    let client = server.client();
    let waiting = client.send_wait().unwrap();
    server.handler.until_waiting(1);
    assert_eq!(client.echo("first").unwrap(), "first");
    server.handler.release();
    assert_eq!(waiting.wait().unwrap(), "waited");
    assert_eq!(server.handle.stats().connections_accepted, 1);
}

/// A server of the test's own, which gets to know what it is asked.
fn strange(
    serve: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static,
) -> (ClientConfig, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let (told, requests) = channel();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let key = head.split("Sec-WebSocket-Key: ").nth(1).unwrap();
            let key = key.lines().next().unwrap().to_owned();
            let _ = told.send(head);
            serve(&mut stream, &key);
        }
    });
    (ClientConfig::new(address).transport("websocket"), requests)
}

/// The payload of the next frame of a client, which has a short length.
fn unmasked(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 6];
    stream.read_exact(&mut head).unwrap();
    let mut bytes = vec![0; usize::from(head[1] & 0x7f)];
    assert_eq!(head[1] & 0x80, 0x80, "no mask");
    stream.read_exact(&mut bytes).unwrap();
    for (byte, mask) in bytes.iter_mut().zip(head[2..].iter().cycle()) {
        *byte ^= mask;
    }
    (head[0], bytes)
}

#[test]
fn what_a_client_says() {
    let (config, requests) = strange(|stream, key| {
        let head = switching(&derive_accept_key(key.as_bytes()), "");
        // The first frame comes with the head.
        let first = [head.as_bytes(), &plain(LAST | PING, b"ping")].concat();
        stream.write_all(&first).unwrap();
        let mut masks = Vec::new();
        for id in 1..4 {
            let (kind, call) = loop {
                match unmasked(stream) {
                    (kind, payload) if kind == LAST | PONG => assert_eq!(payload, b"ping"),
                    call => break call,
                }
            };
            assert_eq!(kind, LAST | BINARY);
            let expected = CALL.iter().map(|byte| if *byte == 7 { id } else { *byte });
            assert_eq!(call, expected.collect::<Vec<_>>());
            masks.push(call);
            let reply = REPLY.iter().map(|byte| if *byte == 7 { id } else { *byte });
            let reply: Vec<_> = reply.collect();
            let (one, two) = reply.split_at(3);
            stream.write_all(&plain(BINARY, one)).unwrap();
            stream.write_all(&plain(LAST | PING, b"ping")).unwrap();
            stream.write_all(&plain(LAST | CONTINUATION, two)).unwrap();
        }
        // A pong, perhaps, and the close.
        let last = loop {
            match unmasked(stream) {
                (kind, _) if kind == LAST | PONG => {}
                last => break last,
            }
        };
        assert_eq!(last, (LAST | CLOSE, close(1000, "")));
        stream
            .write_all(&plain(LAST | CLOSE, &close(1000, "")))
            .unwrap();
    });
    let asked = ClientWebSocket::default()
        .path("/a/b?c")
        .host("example.org")
        .field("Origin", "https://app.example.org")
        .field("X-Token", "é 1");
    let client = ProbeClient::connect(&config.websocket(asked).strict_write(false)).unwrap();
    for _ in 0..3 {
        assert_eq!(client.echo("hi").unwrap(), "hi");
    }
    drop(client);
    let head = requests.recv().unwrap();
    let key = head.split("Sec-WebSocket-Key: ").nth(1).unwrap();
    let key = key.lines().next().unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 16);
    assert_eq!(
        head.replace(key, "KEY"),
        "GET /a/b?c HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: KEY\r\nUser-Agent: seapink\r\n\
         Origin: https://app.example.org\r\nX-Token: é 1\r\n\r\n"
    );
}

#[test]
fn answers_that_are_none_are_errors_in_words() {
    let asks = |head: &str| head.to_owned();
    let cases = [
        (
            asks("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            ErrorKind::Closed,
            "404 Not Found",
        ),
        (
            asks("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ErrorKind::Closed,
            "200 OK",
        ),
        (
            asks("HTTP/1.1 403 Forbidden\r\n\r\n"),
            ErrorKind::Closed,
            "403 Forbidden",
        ),
        (
            switching(ACCEPT, ""),
            ErrorKind::Malformed,
            "its key is not that for this request",
        ),
        (
            asks("HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
            ErrorKind::Malformed,
            "it has no key",
        ),
        (
            switching("ACCEPT", "").replace("websocket", "h2c"),
            ErrorKind::Malformed,
            "something else",
        ),
        (
            switching("ACCEPT", "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            ErrorKind::Malformed,
            "extensions",
        ),
        (
            switching("ACCEPT", "Sec-WebSocket-Protocol: mqtt\r\n"),
            ErrorKind::Malformed,
            "subprotocol mqtt",
        ),
        (
            asks("\0\0\0\x10\x01\x01\0\x02\0\0\0\0\0"),
            ErrorKind::Malformed,
            "no HTTP/1",
        ),
        (
            asks("HTTP/1.1 101 Swi"),
            ErrorKind::Closed,
            "during the handshake; does it speak WebSocket there?",
        ),
        (
            asks(""),
            ErrorKind::Closed,
            "during the handshake; does it speak WebSocket there?",
        ),
        (
            format!("HTTP/1.1 101 X\r\na: {}", "b".repeat(70_000)),
            ErrorKind::Limit,
            "65536 bytes",
        ),
    ];
    for (answer, kind, text) in cases {
        let said = answer.clone();
        let (config, _requests) = strange(move |stream, key| {
            let answer = answer.replace("ACCEPT", &derive_accept_key(key.as_bytes()));
            let _ = stream.write_all(answer.as_bytes());
        });
        let error = ProbeClient::connect(&config).err().unwrap();
        let said: String = said.chars().take(60).collect();
        assert_eq!(error.kind(), kind, "{said}: {error}");
        assert!(error.to_string().contains(text), "{said}: {error}");
        assert!(
            error.to_string().contains("no WebSocket with `127.0.0.1:"),
            "{error}"
        );
    }
    // What is offered has to be taken.
    let (config, _requests) = strange(|stream, key| {
        let answer = switching(&derive_accept_key(key.as_bytes()), "");
        let _ = stream.write_all(answer.as_bytes());
    });
    let asked = ClientWebSocket::default().subprotocol("thrift");
    let error = ProbeClient::connect(&config.websocket(asked))
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .ends_with("it does not take the subprotocol thrift"),
        "{error}"
    );
}

/// T01 at the other end.
#[test]
fn t01_frames_of_a_server_that_make_no_sense_end_the_call() {
    let limits = Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    for (bytes, kind, text, code) in [
        (
            masked(LAST | BINARY, REPLY),
            ErrorKind::Malformed,
            "it comes from a server, and has a mask",
            1002,
        ),
        (
            plain(LAST | BINARY | 0x40, REPLY),
            ErrorKind::Malformed,
            "reserved bit",
            1002,
        ),
        (
            plain(LAST | 3, REPLY),
            ErrorKind::Malformed,
            "no frames have opcode 3",
            1002,
        ),
        (
            plain(LAST | CONTINUATION, REPLY),
            ErrorKind::Malformed,
            "has not begun",
            1002,
        ),
        (
            plain(LAST | TEXT, REPLY),
            ErrorKind::Malformed,
            "for the protocol `json`",
            1003,
        ),
        (
            plain(LAST | BINARY, b""),
            ErrorKind::Malformed,
            "no bytes",
            1007,
        ),
        (
            plain(LAST | BINARY, &[7; 1001]),
            ErrorKind::Limit,
            "more than frame_bytes_max = 1000",
            1009,
        ),
        (
            plain(LAST | CLOSE, &close(1011, "no \n disk")),
            ErrorKind::Closed,
            "code 1011: no \\n disk",
            1011,
        ),
        (
            plain(LAST | CLOSE, &close(1000, "")),
            ErrorKind::Closed,
            "",
            1000,
        ),
        (
            [&[LAST | BINARY, 126, 3][..], &[0; 100]].concat(),
            ErrorKind::Truncated,
            "in the middle of a WebSocket message",
            0,
        ),
    ] {
        let (told, answers) = channel();
        let sent = bytes.clone();
        let (config, _requests) = strange(move |stream, key| {
            let head = switching(&derive_accept_key(key.as_bytes()), "");
            stream.write_all(head.as_bytes()).unwrap();
            unmasked(stream);
            stream.write_all(&sent).unwrap();
            if code == 0 {
                return;
            }
            let _ = told.send(unmasked(stream));
        });
        let config = config.limits(limits).strict_write(false);
        let client = ProbeClient::connect(&config).unwrap();
        let error = client.echo("hi").unwrap_err().other();
        drop(client);
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.delivery(), Delivery::Sent);
        assert!(error.to_string().contains(text), "{error}");
        if code > 0 {
            let answer = answers.recv_timeout(AGES).unwrap();
            assert_eq!(answer, (LAST | CLOSE, close(code, "")), "{error}");
        }
    }
}

#[test]
fn text_of_a_server_is_read_where_the_protocol_is_json() {
    let (config, _requests) = strange(|stream, key| {
        let head = switching(&derive_accept_key(key.as_bytes()), "");
        stream.write_all(head.as_bytes()).unwrap();
        let (kind, call) = unmasked(stream);
        assert_eq!(kind, LAST | BINARY);
        assert_eq!(call, br#"[1,"echo",1,1,{"1":{"str":"hi"}}]"#);
        let reply = br#"[1,"echo",2,1,{"0":{"str":"ho"}}]"#;
        stream.write_all(&plain(LAST | TEXT, reply)).unwrap();
        unmasked(stream);
    });
    let client = ProbeClient::connect(&config.protocol("json")).unwrap();
    assert_eq!(client.echo("hi").unwrap(), "ho");
}

#[test]
fn what_cannot_stand_in_a_head_is_refused_at_the_start() {
    for asked in [
        ClientWebSocket::default().path("thrift"),
        ClientWebSocket::default().path("/a\r\nX: y"),
        ClientWebSocket::default().host("a\nb"),
        ClientWebSocket::default().field("a b", "c"),
        ClientWebSocket::default().field("a", "b\r\nc: d"),
        ClientWebSocket::default().field("Sec-WebSocket-Key", "c"),
        ClientWebSocket::default().subprotocol("a b"),
    ] {
        let config = ClientConfig::new("tcp://127.0.0.1:1")
            .transport("websocket")
            .websocket(asked);
        let error = Client::<seapink::Standard>::connect(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("client.websocket"), "{error}");
    }
}
