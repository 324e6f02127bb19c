//! What a server refuses, and how it says so.

use std::io::Write;

use seapink::Limits;
use seapink::config::{ClientWebSocket, Dispatch, ReplyOrder, ServerWebSocket};

use super::*;
use crate::log_lines::Log;
use crate::support::{MODELS, eventually};

/// What is wrong with frames, which, and what the peer is told.
fn frames() -> Vec<(&'static str, Vec<u8>, u16)> {
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
    cases
}

/// T01, T02: each is told why, and nobody else notices.
#[test]
fn t01_frames_that_make_no_sense_are_refused() {
    let limits = Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    let cases = frames();
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

/// A message that is none ends the connection as what it is, behind the answers to those before.
#[test]
fn messages_that_are_none_are_told_so() {
    let out_of_order = config(Model::Nonblocking)
        .dispatch(Dispatch::Workers)
        .reply_order(ReplyOrder::Any);
    for (config, names) in MODELS
        .map(|model| (config(model), "`binary`"))
        .into_iter()
        .chain([
            (out_of_order, "`binary`"),
            (
                config(Model::Threaded).protocol("auto"),
                "`binary`, `compact` or `json`",
            ),
        ])
    {
        let server = Running::bind(&config);
        for junk in ["junk that is none", "x"] {
            let mut stream = open(&server);
            stream
                .write_all(&masked(LAST | BINARY, junk.as_bytes()))
                .unwrap();
            let said = rest(&mut stream);
            let reason = refusal(&said);
            let begin = format!("no message in {names}: ");
            assert!(reason.starts_with(&begin), "{config:?}: {reason}");
        }
        eventually("both are counted", || {
            server.handle.stats().connections_failed == 2
        });
    }
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = open(&server);
        let junk = masked(LAST | BINARY, &[b'x'; 500]);
        let all = [masked(LAST | BINARY, CALL), junk].concat();
        stream.write_all(&all).unwrap();
        expect(&mut stream, &plain(LAST | BINARY, REPLY));
        refusal(&rest(&mut stream));
    }
}

#[cfg(feature = "tokio")]
#[test]
fn async_servers_tell_so_too() {
    let address = crate::http::asynchronous(config(Model::Simple));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::support::AGES)).unwrap();
    let junk = masked(LAST | BINARY, b"junk that is none");
    let call = masked(LAST | BINARY, CALL);
    let all = [request("").into_bytes(), call, junk].concat();
    stream.write_all(&all).unwrap();
    expect(&mut stream, switching(ACCEPT, "").as_bytes());
    expect(&mut stream, &plain(LAST | BINARY, REPLY));
    assert!(refusal(&rest(&mut stream)).starts_with("no message in `binary`: "));
}

/// The reason of a close that stands alone, and says that a message is none.
#[track_caller]
fn refusal(said: &[u8]) -> String {
    let [first, length, 3, 0xef, reason @ ..] = said else {
        panic!("{}", said.escape_ascii());
    };
    assert_eq!(
        (*first, usize::from(*length)),
        (LAST | CLOSE, reason.len() + 2)
    );
    assert!(reason.len() <= 123, "{}", reason.len());
    String::from_utf8(reason.to_vec()).unwrap()
}

/// Calls that run when such a message comes are answered first.
#[test]
fn calls_in_flight_are_answered_before_a_refusal() {
    let config = config(Model::Nonblocking)
        .dispatch(Dispatch::Workers)
        .reply_order(ReplyOrder::Any);
    let server = Running::bind(&config);
    let mut stream = open(&server);
    let wait = b"\0\0\0\x04wait\x01\0\0\0\x07\0";
    stream.write_all(&masked(LAST | BINARY, wait)).unwrap();
    server.handler.until_waiting(1);
    stream.write_all(&masked(LAST | BINARY, b"junk")).unwrap();
    eventually("the junk has come", || {
        server.handle.stats().bytes_read > wait.len() as u64 + 4 + 4
    });
    server.handler.release();
    let reply = b"\0\0\0\x04wait\x02\0\0\0\x07\x0b\0\0\0\0\0\x06waited\0";
    expect(&mut stream, &plain(LAST | BINARY, reply));
    refusal(&rest(&mut stream));
}

/// One that would be taken, but for what stands before its host.
fn with(more: &str) -> String {
    let good = request("").replace("GET / ", "GET /thrift ");
    good.replace("Host", &format!("{more}\r\nHost"))
}

/// Requests, and the status and a field that they are answered with.
fn requests() -> Vec<(String, &'static str, &'static str)> {
    let good = request("").replace("GET / ", "GET /thrift ");
    let without = |name: &str| {
        let lines = good.split_inclusive("\r\n");
        lines
            .filter(|line| !line.starts_with(name))
            .collect::<String>()
    };
    let many = good.replace("Host", &format!("{}Host", "a: b\r\n".repeat(200)));
    let large = with(&format!("a: {}", "b".repeat(70_000)));
    vec![
        (good.replace("GET", "POST"), "405 ", "Allow: GET\r\n"),
        (
            "POST /thrift HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
            "405 ",
            "",
        ),
        (good.replace("/thrift", "/other"), "404 ", ""),
        (
            good.replace("/thrift", "http://here/other/thrift"),
            "404 ",
            "",
        ),
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
        (without("Host"), "400 ", "it names no host"),
        (with("host: there"), "400 ", "it names several hosts"),
        (good.replace("HTTP/1.1", "HTTP/1.0"), "400 ", "HTTP/1.0"),
        (
            good.replace("HTTP/1.1", "HTTP/1.0")
                .replace("Upgrade\r\n", "Upgrade, keep-alive\r\n"),
            "400 ",
            "HTTP/1.0",
        ),
        (with("Content-Length: 5"), "400 ", ""),
        (with("Transfer-Encoding: chunked"), "400 ", ""),
        (with("Origin: https://evil.example.org"), "403 ", ""),
        (with("Origin: null"), "403 ", ""),
        (
            with("Origin: https://evil.example.org\r\nOrigin: https://app.example.org"),
            "403 ",
            "",
        ),
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
    ]
}

/// Upgrades that are none, and what they are answered with.
#[test]
fn requests_that_are_refused_are_told_so() {
    let rules = ServerWebSocket::default()
        .path("/thrift")
        .origin("https://app.example.org")
        .subprotocol("thrift");
    let cases = requests();
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
            assert!(lost || answer.contains("\r\nConnection: close\r\n"));
            // A line says why; who asks for something else reads there what this is.
            let line = answer.split_once("\r\n\r\n").map_or("", |(_, line)| line);
            assert!(lost || line.find('\n') == Some(line.len() - 1), "{answer}");
            let length = format!("\r\nContent-Length: {}\r\n", line.len());
            assert!(lost || answer.contains(&length), "{answer}");
            if ["405 ", "404 ", "426 ", "403 "].contains(status) {
                assert!(
                    line.starts_with("this is a Thrift server, and "),
                    "{answer}"
                );
            }
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
        let mut stream = socket(&server);
        let whole = request("").replace("GET / ", "GET http://here/thrift?a=b ");
        stream.write_all(whole.as_bytes()).unwrap();
        expect(&mut stream, switching(ACCEPT, "").as_bytes());
        drop(stream);
        let asked = ClientWebSocket::default()
            .path("/thrift")
            .subprotocol("thrift");
        let client = server.client_with(&server.client_config().websocket(asked));
        assert_eq!(client.echo("still").unwrap(), "still");
    }
}

/// Who speaks something else is named in the log, as with HTTP.
#[test]
fn t08_strangers_are_named() {
    let log = Log::shared();
    for (bytes, name) in [
        (
            &b"\0\0\0\x14\x80\x01\0\x01"[..],
            "the peer seems to speak the binary protocol over the framed transport",
        ),
        (
            b"\x16\x03\x01\x02\0\x01\0\x01",
            "the peer seems to speak TLS",
        ),
    ] {
        let server = Running::bind(&config(Model::Threaded));
        let mut stream = socket(&server);
        stream.write_all(bytes).unwrap();
        let peer = stream.local_addr().unwrap();
        rest(&mut stream);
        if cfg!(feature = "tracing") {
            eventually(name, || log.has(&format!("{name} peer={peer}")));
        }
        eventually("it is counted", || {
            server.handle.stats().connections_failed == 1
        });
    }
}
