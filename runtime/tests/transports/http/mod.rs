//! HTTP as others speak it, by the byte.

mod battery;
mod callers;
mod fields;
mod forms;
mod refusals;

use std::io::{Read, Write};
use std::net::TcpStream;

use seapink::config::Model;
use seapink::{Limits, ServerConfig};

/// Bytes of a message, where a test goes by its bounds.
const MAX: usize = 1000;

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("http")
}

/// `echo("hi")` and its reply, and a oneway `note("hi")`.
const CALL: &str =
    "\u{0}\u{0}\u{0}\u{4}echo\u{1}\u{0}\u{0}\u{0}\u{7}\u{b}\u{0}\u{1}\u{0}\u{0}\u{0}\u{2}hi\u{0}";
const REPLY: &str =
    "\u{0}\u{0}\u{0}\u{4}echo\u{2}\u{0}\u{0}\u{0}\u{7}\u{b}\u{0}\u{0}\u{0}\u{0}\u{0}\u{2}hi\u{0}";
const NOTE: &str =
    "\u{0}\u{0}\u{0}\u{4}note\u{4}\u{0}\u{0}\u{0}\u{7}\u{b}\u{0}\u{1}\u{0}\u{0}\u{0}\u{2}hi\u{0}";

fn request(head: &str, body: &str) -> String {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nHost: here\r\n{head}Content-Length: {length}\r\n\r\n{body}")
}

fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: {length}\r\n\
         {head}\r\n{body}"
    )
}

#[track_caller]
fn expect(stream: &mut TcpStream, expected: &str) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(String::from_utf8_lossy(&read), expected);
}

fn rest(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        // What a server leaves unread when it closes comes back as a reset.
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8(read).unwrap(),
    }
}

/// The head of the next request or response, and its body.
fn one_message(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

/// The same with low bounds.
fn bounded(model: Model) -> ServerConfig {
    let limits = Limits::default()
        .frame_bytes_max(MAX)
        .message_bytes_max(MAX);
    config(model).limits(limits)
}

/// Everything that a server says to these bytes, until it closes the connection.
fn answer(stream: &mut TcpStream, bytes: &[u8]) -> String {
    // It may be closed while it is written.
    let _ = stream.write_all(bytes);
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    String::from_utf8(read).unwrap()
}

/// Whether it is one answer, the last one, with one line of text that is as long as it says.
fn is_explained(said: &str) -> bool {
    let Some((head, line)) = said.split_once("\r\n\r\n") else {
        return false;
    };
    let expected = format!(
        "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close",
        line.len()
    );
    head.ends_with(&expected) && line.len() > 1 && line.find('\n') == Some(line.len() - 1)
}

/// A POST with these fields.
fn post(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: here\r\n{fields}\r\n")
}

/// Where an async server listens, to the end of the tests.
#[cfg(feature = "tokio")]
pub(crate) fn asynchronous(config: ServerConfig) -> String {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let probe = crate::support::Probe::default();
            let server = seapink::AsyncServer::bind_blocking(&config, probe).unwrap();
            told.send(server.local_addr().to_string()).unwrap();
            let _ = server.run().await;
        });
    });
    let address = address.recv().unwrap();
    address.strip_prefix("tcp://").unwrap().to_owned()
}
