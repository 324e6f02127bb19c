//! What the log says, with the feature `tracing`.

#![cfg(feature = "tracing")]

use std::io::Write;

use seapink::ServerConfig;
use seapink::config::Model;

use crate::log_lines::Log;
use crate::support::{Running, eventually};

#[test]
fn connections_and_what_goes_wrong_on_them_are_logged() {
    let log = Log::listen();
    let logged = |line: &str| eventually(line, || log.has(line));
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::Threaded)
        .connections_max(1);
    let running = Running::bind(&config);
    let client = running.client();
    client.echo("x").unwrap();
    logged("DEBUG message=connected peer=127.0.0.1:");
    logged("DEBUG message=connection opened peer=127.0.0.1:");
    let address = running.handle.local_addr().to_string();
    let connect = || std::net::TcpStream::connect(&address["tcp://".len()..]).unwrap();
    drop(connect());
    logged("WARN message=connection refused: connections_max is reached peer=127.0.0.1:");
    client.fail("panic").unwrap_err();
    logged(
        "WARN message=handler panicked: panic service=\"Probe\" method=\"fail\" peer=127.0.0.1:",
    );
    drop(client);
    logged("DEBUG message=connection closed: the peer closed it peer=127.0.0.1:");
    eventually("there is room", || {
        running.handle.stats().connections_open == 0
    });
    connect().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    logged(
        "WARN message=connection closed: the frame declares 1195725856 bytes, \
         more than frame_bytes_max = 16384000; the peer seems to speak HTTP peer=127.0.0.1:",
    );
}
