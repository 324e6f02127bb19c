//! What clients say of servers that are none.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use seapink::config::{ClientSasl, ClientTimeouts};
use seapink::{Client, ClientConfig, ErrorKind};

use super::{COMPLETE, START, expect, said};
use crate::support::{AGES, ProbeClient};

/// What clients of one are configured like who does this with the first connection.
pub(super) fn strange(serve: impl FnOnce(&mut TcpStream) + Send + 'static) -> ClientConfig {
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
