//! What the log says, with the feature `tracing`.

#![cfg(feature = "tracing")]

use std::fmt::{Debug, Write as _};
use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;
use seapink::ServerConfig;
use seapink::config::Model;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Running, eventually};

/// Keeps every line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}

/// The log of all tests that run in this process: there can be one only.
#[test]
fn connections_and_what_goes_wrong_on_them_are_logged() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let logged = |line: &str| {
        eventually(line, || {
            log.0.lock().iter().any(|found| found.contains(line))
        });
    };
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
