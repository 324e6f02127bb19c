//! T01 for connections of HTTP, `WebSocket`, header and SASL: whatever length is declared, memory is taken for
//! what has come.

use std::io::Read;
use std::net::Shutdown;

use seapink::config::{ClientSasl, ServerSasl};
use seapink::{Client, ClientConfig, ServerConfig};

use crate::meter::{allocated, alone, heap};
use crate::support::{Caller, Running, all_ways, eventually};

/// What a connection may take besides four bytes for each that has come: a buffer, and what it is itself.
const ALLOWED: usize = (64 + 4) * 1024;

/// What a server may hold more than before: what it keeps of itself.
const DRIFT: usize = 64 * 1024;

/// So many threads of a server take room with their first connection, which they keep: 8 workers and 2
/// loops. Nobody knows when which of them has it.
const ROOMS: usize = 11;

const SIZES: [u32; 12] = [
    127,
    128,
    (1 << 15) - 1,
    1 << 15,
    (1 << 16) - 1,
    1 << 16,
    (1 << 16) + 1,
    // That of the largest frame, and one more.
    16_384_000,
    16_384_001,
    1 << 24,
    (1 << 31) - 1,
    u32::MAX,
];

/// Each with nothing, one byte and sixteen behind it.
fn followed(heads: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let rest = |head: Vec<u8>| [0, 1, 16].map(|bytes| [&head[..], &vec![b'x'; bytes]].concat());
    heads.flat_map(rest).collect()
}

/// Sends it and no more, and waits until the server is done with it.
fn send(running: &Running, bytes: &[u8]) {
    let mut peer = running.peer();
    peer.send(bytes);
    // It may be closed already.
    let _ = peer.0.shutdown(Shutdown::Write);
    let mut said = [0; 1024];
    while let Ok(1..) = peer.0.read(&mut said) {}
}

fn check(
    server: impl Fn(ServerConfig) -> ServerConfig,
    client: impl Fn(ClientConfig) -> ClientConfig,
    lies: &[Vec<u8>],
) {
    let _alone = alone();
    for (name, config) in all_ways() {
        let config = server(config);
        if config.transport == "http" && name == "any order" {
            continue;
        }
        let running = Running::bind(&config);
        let flood = |times: usize| {
            for lie in (0..times).flat_map(|_| lies) {
                send(&running, lie);
            }
            eventually("they are gone", || running.stats().connections_open == 0);
        };
        flood(1);
        for lie in lies {
            let taken = || {
                let before = allocated();
                send(&running, lie);
                eventually("it is gone", || running.stats().connections_open == 0);
                allocated() - before
            };
            let allowed = ALLOWED + 4 * lie.len();
            let mut least = usize::MAX;
            // A lie that is believed costs as much each time.
            for _ in 0..ROOMS {
                if least > allowed {
                    least = taken().min(least);
                }
            }
            let place = lie.escape_ascii();
            assert!(least <= allowed, "{name}: {least} bytes for {place}");
        }
        let before = heap();
        flood(10);
        eventually("the memory is given back", || heap() <= before + DRIFT);
        let caller = Caller(Client::connect(&client(running.client_config())).unwrap());
        assert_eq!(caller.call("echo", "still").unwrap(), "still", "{name}");
    }
}

#[cfg(feature = "http")]
#[test]
fn t01_lengths_of_http_cost_nothing() {
    let head = |field: &str| format!("POST / HTTP/1.1\r\nHost: here\r\n{field}\r\n").into_bytes();
    let sized = SIZES.map(|size| head(&format!("Content-Length: {size}\r\n")));
    let chunked = SIZES.map(|size| {
        let chunk = format!("{size:x}\r\n").into_bytes();
        [head("Transfer-Encoding: chunked\r\n"), chunk].concat()
    });
    check(
        |config| config.transport("http"),
        |config| config.transport("http"),
        &followed(sized.into_iter().chain(chunked)),
    );
}

#[test]
fn t01_lengths_of_sasl_cost_nothing() {
    const START: &[u8] = b"\x01\0\0\0\x05PLAIN";
    let name = SIZES.map(|size| [&[1][..], &size.to_be_bytes()].concat());
    let login = SIZES.map(|size| [START, &[2], &size.to_be_bytes()].concat());
    #[allow(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is for one lifetime"
    )]
    let sasl = || ServerSasl::new().plain(|login| login.accept());
    check(
        |config| config.transport("sasl").sasl(sasl()),
        |config| {
            config
                .transport("sasl")
                .sasl(ClientSasl::plain("alice", "x"))
        },
        &followed(name.into_iter().chain(login)),
    );
}

/// The bytes of a number, seven bits in each.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

/// A frame of the transport `header` whose length is true, and whose head is of so many words.
fn headed(words: u16, head: &[u8]) -> Vec<u8> {
    let start = [&[0x0f, 0xff, 0, 0, 0, 0, 0, 1][..], &words.to_be_bytes()].concat();
    let length = u32::try_from(start.len() + head.len()).unwrap();
    [&length.to_be_bytes(), &start[..], head].concat()
}

/// The same, of as many words as it takes.
fn filled(mut head: Vec<u8>) -> Vec<u8> {
    head.resize(head.len().next_multiple_of(4), 0);
    let words = u16::try_from(head.len() / 4).unwrap();
    headed(words, &head)
}

#[test]
fn t01_lengths_of_header_cost_nothing() {
    // Protocol, transforms, and that names and values follow.
    const PAIRS: &[u8] = &[0, 0, 1];
    let frames = SIZES.map(|size| [&size.to_be_bytes(), &headed(1, &[0; 4])[4..]].concat());
    let heads = [0, 1, 127, 128, (1 << 15) - 1, 1 << 15, u16::MAX];
    let heads = heads.map(|words| headed(words, b"\0\0\0\0\x80\x01\0\x01"));
    let wide = [u64::from(u32::MAX) + 1, u64::MAX];
    let sizes = || SIZES.map(u64::from).into_iter().chain(wide).map(varint);
    let transforms = sizes().map(|size| filled([&[0], &size[..]].concat()));
    let counts = sizes().map(|size| filled([PAIRS, &size].concat()));
    let names = sizes().map(|size| filled([PAIRS, &[1], &size].concat()));
    let values = sizes().map(|size| filled([PAIRS, b"\x01\x01a", &size].concat()));
    let lies = frames.into_iter().chain(heads).chain(transforms);
    check(
        |config| config.transport("header"),
        |config| config.transport("header"),
        &followed(lies.chain(counts).chain(names).chain(values)),
    );
}

#[cfg(feature = "websocket")]
#[test]
fn t01_lengths_of_websocket_cost_nothing() {
    const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const MASK: &[u8] = b"mask";
    let short = [1, 16, 125].map(|size: u8| vec![0x80 | size]);
    let middle = [0, 125, 126, 127, 128, (1 << 15) - 1, 1 << 15, u16::MAX];
    let middle = middle.map(|size: u16| [&[0xfe][..], &size.to_be_bytes()].concat());
    let wide = [1 << 32, 1 << 62, i64::MAX.cast_unsigned(), u64::MAX];
    let long = SIZES.map(u64::from).into_iter().chain(wide);
    let long = long.map(|size| [&[0xff][..], &size.to_be_bytes()].concat());
    let lengths: Vec<_> = short.into_iter().chain(middle).chain(long).collect();
    // A whole message, the first part of one, and a ping.
    let heads = [0x82, 0x02, 0x89].into_iter().flat_map(|first| {
        let head = move |length: &Vec<u8>| [UPGRADE, &[first], length, MASK].concat();
        lengths.iter().map(head)
    });
    check(
        |config| config.transport("websocket"),
        |config| config.transport("websocket"),
        &followed(heads),
    );
}

/// What has come with a call is gone when its connection waits for the next one.
#[cfg(feature = "http")]
#[test]
fn t01_headers_end_with_their_call() {
    const PEERS: usize = 40;
    const FIELD: usize = 40_000;
    let _alone = alone();
    let body = &crate::support::call("echo", 1, "hi")[4..];
    let field = "x".repeat(FIELD);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: here\r\nA: {field}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    for (name, config) in all_ways() {
        if !["thread-pool", "nonblocking"].contains(&name) {
            continue;
        }
        let running = Running::bind(&config.transport("http"));
        let ask = || {
            let mut peer = running.peer();
            peer.send(&request);
            let mut said = Vec::new();
            while !said.ends_with(b"hi\0") {
                let mut bytes = [0; 1024];
                let count = peer.0.read(&mut bytes).unwrap();
                assert_ne!(count, 0, "{}", said.escape_ascii());
                said.extend_from_slice(&bytes[..count]);
            }
            peer
        };
        // Workers have their own room then.
        drop([(); 20].map(|()| ask()));
        eventually("they are gone", || running.stats().connections_open == 0);
        let before = heap();
        let peers = [(); PEERS].map(|()| ask());
        eventually(&format!("{name}: they cost little"), || {
            heap() < before + PEERS * FIELD / 4
        });
        assert_eq!(running.stats().connections_open, PEERS as u64);
        drop(peers);
    }
}
