//! A server, and peers that a test is.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use seapink::config::{
    ClientWebSocket, Dispatch, Model, ReplyOrder, ServerTimeouts, ServerWebSocket,
};
use seapink::{ErrorKind, Limits};

use super::*;
use crate::support::{AGES, MODELS, eventually};

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
            [&[0x80 | 0x7f][..], &(CALL.len() as u64).to_be_bytes()].concat(),
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
