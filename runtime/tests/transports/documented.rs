//! The bytes that the pages of `docs/` show: a client sends such calls and takes such replies, and a
//! server takes such calls and sends such replies.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;

use seapink::{ClientConfig, ServerConfig};

use crate::pages::{Page, bytes};
use crate::support::{AGES, Failure, ProbeClient, Running};
use crate::{pages, socket};

/// A call and its reply, and the layers that they go through.
struct Sample {
    transport: &'static str,
    protocol: &'static str,
    call: Vec<u8>,
    reply: Vec<u8>,
}

impl Sample {
    fn new(transport: &'static str, protocol: &'static str, [call, reply]: [Vec<u8>; 2]) -> Self {
        Self {
            transport,
            protocol,
            call,
            reply,
        }
    }

    fn client(&self, address: &str) -> ProbeClient {
        let config = ClientConfig::new(format!("tcp://{address}"));
        let config = config.transport(self.transport).protocol(self.protocol);
        ProbeClient::connect(&config).unwrap()
    }

    fn server(&self) -> Running {
        let config = ServerConfig::new("tcp://127.0.0.1:0");
        Running::bind(&config.transport(self.transport).protocol(self.protocol))
    }

    /// A client of this one says `echo("hi")` to somebody who only knows the bytes.
    fn is_what_a_client_sends(&self, prepare: fn(ProbeClient) -> ProbeClient) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::scope(|threads| {
            let answer = threads.spawn(|| {
                let mut stream = listener.accept().unwrap().0;
                stream.set_read_timeout(Some(AGES)).unwrap();
                expect(&mut stream, &self.placed(&address), self.transport);
                stream.write_all(&self.reply).unwrap();
            });
            let text = prepare(self.client(&address)).echo("hi");
            answer.join().unwrap();
            let text = text.map_err(Failure::other).unwrap();
            assert_eq!(text, "hi", "{}", self.transport);
        });
    }

    fn is_what_a_server_answers(&self) {
        let server = self.server();
        let mut stream = socket(&server);
        stream.write_all(&self.call).unwrap();
        expect(&mut stream, &self.reply, self.transport);
    }

    /// The call, to this address where its bytes name one.
    fn placed(&self, address: &str) -> Vec<u8> {
        const HOST: &[u8] = b"localhost:9090";
        let mut windows = self.call.windows(HOST.len());
        match windows.position(|bytes| bytes == HOST) {
            Some(at) => [
                &self.call[..at],
                address.as_bytes(),
                &self.call[at + HOST.len()..],
            ]
            .concat(),
            None => self.call.clone(),
        }
    }
}

#[track_caller]
fn expect(stream: &mut TcpStream, expected: &[u8], what: &str) {
    let mut read = Vec::new();
    while read.len() < expected.len() {
        let mut bytes = vec![0; expected.len() - read.len()];
        match stream.read(&mut bytes) {
            Ok(count @ 1..) => read.extend_from_slice(&bytes[..count]),
            _ => break,
        }
    }
    let [read, expected] = [&read, expected].map(hex);
    assert_eq!(read, expected, "{what}");
}

/// As the pages have them.
fn hex(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}"));
    bytes.collect::<Vec<_>>().join(" ")
}

fn two(page: &Page) -> [Vec<u8>; 2] {
    let [call, reply, ..] = page.blocks() else {
        panic!("no call and reply")
    };
    [bytes(call), bytes(reply)]
}

#[test]
fn framed_and_buffered() {
    for transport in ["framed", "buffered"] {
        let page = pages::page("transports.md").section(transport);
        let sample = Sample::new(transport, "compact", two(&page));
        sample.is_what_a_client_sends(|client| client);
        sample.is_what_a_server_answers();
    }
}

#[test]
fn header() {
    let page = pages::page("headers.md").section("On the wire");
    let sample = Sample::new("header", "compact", two(&page));
    sample.is_what_a_client_sends(|client| {
        // What it would set by itself is the time that is left.
        let client = client.with(|client| client.with_header("client_timeout", "5000"));
        client.with(|client| client.with_header("tenant", "blue"))
    });
    sample.is_what_a_server_answers();
}

#[cfg(feature = "http")]
#[test]
fn http() {
    let page = pages::page("http.md");
    let messages = two(&pages::page("transports.md").section("buffered"));
    let [call, reply] = [0, 1].map(|at| {
        let (head, _) = page.blocks()[at].split_once('…').unwrap();
        [head.replace('\n', "\r\n").as_bytes(), &messages[at]].concat()
    });
    let sample = Sample::new("http", "compact", [call, reply]);
    sample.is_what_a_client_sends(|client| {
        client.with(|client| client.with_header("client_timeout", "5000"))
    });
    sample.is_what_a_server_answers();
}

#[cfg(feature = "zlib")]
#[test]
fn zlib() {
    let page = pages::page("zlib.md").section("On the wire");
    let sample = Sample::new("zlib", "binary", two(&page));
    sample.is_what_a_client_sends(|client| client);
    sample.is_what_a_server_answers();
}

#[cfg(feature = "websocket")]
#[test]
fn websocket() {
    let page = pages::page("websocket.md");
    let [request, switching, call, reply, ..] = page.blocks() else {
        panic!("too few blocks")
    };
    let [request, switching] =
        [request, switching].map(|head| head.replace('\n', "\r\n") + "\r\n\r\n");
    let call = [request.as_bytes(), &bytes(call)].concat();
    let reply = [switching.as_bytes(), &bytes(reply)].concat();
    Sample::new("websocket", "binary", [call, reply]).is_what_a_server_answers();
}

#[test]
fn datagrams() {
    let page = pages::page("datagrams.md");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AGES)).unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    let config = ClientConfig::new(address).transport("buffered");
    let client = ProbeClient::connect(&config.protocol("compact")).unwrap();
    client.note("hi").unwrap();
    let mut read = [0; 100];
    let length = socket.recv(&mut read).unwrap();
    assert_eq!(read[..length], bytes(&page.blocks()[0]));
}
