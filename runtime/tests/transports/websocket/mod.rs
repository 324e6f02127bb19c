//! `WebSocket` as others speak it, by the byte.

mod client;
mod refused;
mod server;

use std::io::{Read, Write};
use std::net::TcpStream;

use seapink::ServerConfig;
use seapink::config::Model;

use crate::socket;
use crate::support::Running;

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
        Ok(length) => [&[mask | 0x7e][..], &length.to_be_bytes()].concat(),
        Err(_) => [&[mask | 0x7f][..], &(length as u64).to_be_bytes()].concat(),
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
