//! A client, and servers that a test is.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seapink::config::ClientWebSocket;
use seapink::{Client, ClientConfig, Delivery, ErrorKind, Limits};
use tungstenite::handshake::derive_accept_key;

use super::*;
use crate::support::{AGES, ProbeClient};

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

const PONGED: u8 = LAST | PONG;
const CLOSED: u8 = LAST | CLOSE;

/// A server that wants to know whether somebody is there before it replies, and after that.
fn asking() -> (ClientConfig, Receiver<()>) {
    let (told, ponged) = channel();
    let (config, _) = strange(move |stream, key| {
        let head = switching(&derive_accept_key(key.as_bytes()), "");
        stream.write_all(head.as_bytes()).unwrap();
        let (_, call) = unmasked(stream);
        for payload in ["one", "two"] {
            stream
                .write_all(&plain(LAST | PING, payload.as_bytes()))
                .unwrap();
            assert_eq!(unmasked(stream), (LAST | PONG, payload.into()));
        }
        let reply = |call: &[u8]| [&REPLY[..9], &call[9..13], &REPLY[13..]].concat();
        let answer = plain(LAST | BINARY, &reply(&call));
        let last = plain(LAST | PING, b"three");
        stream.write_all(&[answer, last].concat()).unwrap();
        loop {
            match unmasked(stream) {
                (PONGED, payload) => {
                    assert_eq!(payload, b"three");
                    told.send(()).unwrap();
                }
                (CLOSED, _) => return,
                (_, call) => {
                    let answer = plain(LAST | BINARY, &reply(&call));
                    stream.write_all(&answer).unwrap();
                }
            }
        }
    });
    (config.strict_write(false), ponged)
}

#[test]
fn pings_are_answered_while_a_reply_is_awaited() {
    let (config, ponged) = asking();
    let client = ProbeClient::connect(&config).unwrap();
    assert_eq!(client.echo("hi").unwrap(), "hi");
    // With the next call.
    assert_eq!(client.echo("hi").unwrap(), "hi");
    ponged.recv_timeout(AGES).unwrap();

    #[cfg(feature = "tokio")]
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (config, ponged) = asking();
        let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
        let client = client.await.unwrap();
        let echo =
            client.call::<_, String, crate::support::Failure>("echo", &[(1, "text")], ("hi",));
        assert_eq!(echo.await.unwrap(), "hi");
        // Without another call.
        let waiting = tokio::task::spawn_blocking(move || ponged.recv_timeout(AGES));
        waiting.await.unwrap().unwrap();
    });
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
