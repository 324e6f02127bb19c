//! One call after the other: over each kind of stream, to each model of server.
//!
//! ```console
//! cargo bench -p seapink --bench calls
//! ```
//!
//! These figures are for comparing a change with the code before it, on one machine. Over TCP, most of
//! the time is the system's. How Seapink compares with other servers is measured by
//! `runtime/benches/peers`.

#![allow(clippy::unwrap_used, reason = "a bench that fails may panic")]
#![allow(missing_docs, reason = "a program")]

mod workloads;

use std::thread;
use std::time::Duration;

use divan::{Bencher, black_box};
use seapink::config::{Dispatch, Model};
use seapink::transport::MemoryListener;
use seapink::{CallContext, Client, ClientConfig, Server, ServerConfig, ServerHandle};
use workloads::{Echo, EchoClient, EchoEchoError, EchoProcessor, Small, small};

fn main() {
    divan::main();
}

struct Handler;

impl Echo for Handler {
    fn echo(&self, _: &CallContext, req: Small) -> Result<Small, EchoEchoError> {
        Ok(req)
    }
}

/// A way of serving, and what it is called.
#[derive(Clone, Copy, Debug)]
enum Way {
    Simple,
    Threaded,
    ThreadPool,
    Nonblocking,
    Inline,
}

const WAYS: [Way; 5] = [
    Way::Simple,
    Way::Threaded,
    Way::ThreadPool,
    Way::Nonblocking,
    Way::Inline,
];

impl Way {
    fn config(self) -> ServerConfig {
        let config = ServerConfig::new("tcp://127.0.0.1:0");
        match self {
            Self::Simple => config.model(Model::Simple),
            Self::Threaded => config.model(Model::Threaded),
            Self::ThreadPool => config.model(Model::ThreadPool),
            Self::Nonblocking => config.model(Model::Nonblocking),
            Self::Inline => config.model(Model::Nonblocking).dispatch(Dispatch::Inline),
        }
    }
}

/// Calls a server with a small struct, and ends it.
fn run(bencher: Bencher<'_, '_>, server: Server, connect: impl FnOnce(&ServerHandle) -> Client) {
    run_with(bencher, &small(), server, connect);
}

fn run_with(
    bencher: Bencher<'_, '_>,
    value: &Small,
    server: Server,
    connect: impl FnOnce(&ServerHandle) -> Client,
) {
    let handle = server.handle();
    let thread = thread::spawn(move || server.run());
    let client = EchoClient::new(connect(&handle));
    bencher.bench_local(|| client.echo(black_box(value)).unwrap());
    drop(client);
    handle.shutdown(Duration::from_secs(5));
    thread.join().unwrap().unwrap();
}

#[divan::bench(args = WAYS)]
fn tcp(bencher: Bencher<'_, '_>, way: Way) {
    let server = Server::bind(&way.config(), EchoProcessor::new(Handler)).unwrap();
    run(bencher, server, |server| {
        let config = ClientConfig::new(server.local_addr().to_string());
        Client::connect(&config).unwrap()
    });
}

/// What carries the bytes.
#[cfg(unix)]
const OVER: &[&str] = if cfg!(all(target_os = "linux", feature = "shm")) {
    &["tcp", "unix", "shm"]
} else {
    &["tcp", "unix"]
};

/// Texts of so many bytes there and back, with a thread for the connection. With `--features shm`, also
/// over shared memory.
#[cfg(unix)]
#[divan::bench(args = OVER, consts = [100, 65_536])]
fn echo<const BYTES: usize>(bencher: Bencher<'_, '_>, over: &str) {
    let folder = tempfile::tempdir().unwrap();
    let address = match over {
        "tcp" => "tcp://127.0.0.1:0".to_owned(),
        scheme => format!("{scheme}://{}", folder.path().join("bench").display()),
    };
    let config = ServerConfig::new(address).model(Model::Threaded);
    let server = Server::bind(&config, EchoProcessor::new(Handler)).unwrap();
    let mut value = small();
    value.name = "x".repeat(BYTES);
    run_with(bencher, &value, server, |server| {
        let config = ClientConfig::new(server.local_addr().to_string());
        Client::connect(&config).unwrap()
    });
}

/// Streams in memory cannot be polled: the model `nonblocking` would be `threaded`.
#[divan::bench(args = &WAYS[..3])]
fn memory(bencher: Bencher<'_, '_>, way: Way) {
    let (listener, connector) = MemoryListener::new();
    let server = Server::with_listener(listener, &way.config(), EchoProcessor::new(Handler));
    run(bencher, server.unwrap(), |_| {
        Client::with_connector(connector, &ClientConfig::new("")).unwrap()
    });
}
