//! T01 for connections of HTTP and SASL: whatever length is declared, memory is taken for what has come.

use std::io::Read;
use std::net::Shutdown;

use seapink::config::{ClientSasl, ServerSasl};
use seapink::{Client, ClientConfig, ServerConfig};

use crate::meter::{allocated, alone, heap};
use crate::support::{Caller, Running, all_ways, eventually};

/// What a connection may take besides four bytes for each that has come.
const ALLOWED: usize = 64 * 1024;

/// What a server may hold more than before: what it keeps of itself.
const DRIFT: usize = 64 * 1024;

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
            // A worker that has its first connection takes room that it keeps. A lie that is
            // believed costs as much each time.
            let taken = taken().min(taken());
            let place = lie.escape_ascii();
            assert!(
                taken <= ALLOWED + 4 * lie.len(),
                "{name}: {taken} bytes for {place}"
            );
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
