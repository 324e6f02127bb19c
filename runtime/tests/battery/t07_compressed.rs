//! T07: what was decompressed is gone with its message, however long the connection stays.

#![cfg(feature = "zlib")]

use seapink::transport::{Header, Transports};
use seapink::{Client, Delivery, ErrorKind};

use crate::meter::{alone, heap};
use crate::support::{AGES, Caller, Running, all_ways, eventually};

const CLIENTS: usize = 2;
const BYTES: usize = 2 << 20;

/// For both ends of a connection: what states of zlib take, and what buffers keep.
const KEPT: usize = 1 << 20;

fn client(running: &Running, transport: &str) -> Caller {
    let config = running
        .client_config()
        .transport(transport)
        .transports(Transports::standard().with("header", Header::compressed()));
    Caller(Client::connect(&config).unwrap().with_timeout(AGES))
}

fn transports() -> Vec<&'static str> {
    let mut names = vec!["header", "framed+header", "zlib", "zlib+framed"];
    if cfg!(feature = "http") {
        names.push("http+header");
    }
    if cfg!(feature = "websocket") {
        names.push("websocket+header");
    }
    names
}

#[test]
fn t07_connections_do_not_keep_what_they_have_decompressed() {
    let _alone = alone();
    let text = "x".repeat(BYTES);
    for transport in transports() {
        for (name, config) in all_ways() {
            if transport.starts_with("http") && name == "any order" {
                continue;
            }
            // The model `simple` serves one connection after the other.
            let clients = if name == "simple" { 1 } else { CLIENTS };
            let running = Running::bind(&config.transport(transport));
            client(&running, transport).call("echo", "x").unwrap();
            eventually("it is gone", || running.stats().connections_open == 0);
            let before = heap();
            let clients: Vec<_> = (0..clients).map(|_| client(&running, transport)).collect();
            for client in &clients {
                // Large there, and large back.
                let error = client.call("fail", &text).unwrap_err();
                assert_eq!(error.delivery(), Delivery::Sent, "{error}");
                assert!(matches!(error.kind(), ErrorKind::Application(_)), "{error}");
                let big = client.call("big", &BYTES.to_string()).unwrap();
                assert_eq!(big.len(), BYTES);
            }
            drop(clients[0].call("echo", "x"));
            eventually(&format!("memory is back, {transport} {name}"), || {
                heap() <= before + clients.len() * KEPT
            });
        }
    }
}
