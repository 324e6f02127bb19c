//! T11: nothing that happens while connections are taken ends the server, or makes it spin.

use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seapink::Server;
use seapink::server::ServerStats;
use seapink::transport::{
    Address, Closer, Listener, MemoryConnector, MemoryListener, Readiness, Split, Stream, Waker,
};
use seapink::{Client, ClientConfig, ServerConfig};

use crate::log_lines::Log;
use crate::meter::alone;
use crate::support::{Caller, Peer, Probe, Running, SLACK, all_ways, eventually, ways};

const INSIDE: &str = "SEAPINK_TEST_FEW_DESCRIPTORS";

/// How long the process is without descriptors. The server tries again after 10, 20, 40, 80, 160,
/// 320 and from then on after 500 ms.
const WITHOUT: Duration = Duration::from_millis(1_200);
const TRIES_MAX: u64 = 10;

#[test]
fn t11_a_server_without_descriptors_waits_and_serves_again() {
    let _alone = alone();
    if std::env::var_os(INSIDE).is_some() {
        let log = Log::listen();
        return ways()
            .into_iter()
            .for_each(|(name, config)| run_out(name, &config, &log));
    }
    // In a process of its own, which may have few of them.
    let name = "t11_accepting::t11_a_server_without_descriptors_waits_and_serves_again";
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 60 && exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

fn run_out(name: &str, config: &ServerConfig, log: &Log) {
    let running = Running::bind(config);
    let address = running.handle.local_addr().to_string();
    let mut inside = running.peer();
    inside.call("echo", 1, "x");
    // Descriptors of this process are those of the server.
    let mut taken = Vec::new();
    while let Ok(peer) = Peer::connect(&address) {
        taken.push(peer);
    }
    let errors = || running.stats().accept_errors;
    eventually("accepting fails", || errors() > 0);
    log.take();
    let (begun, before) = (Instant::now(), errors());
    while begun.elapsed() < WITHOUT {
        assert_eq!(inside.call("echo", 2, "meanwhile").id, 2, "{name}");
    }
    let errors = errors() - before;
    assert!(errors <= TRIES_MAX, "{name}: it tried {errors} times");
    let lines = log.take();
    let failed = lines.iter().filter(|line| line.contains("accept"));
    assert!(failed.count() <= 1, "{name}: {lines:#?}");

    drop(taken);
    let begun = Instant::now();
    let mut outside = Peer::connect(&address).unwrap();
    assert_eq!(outside.call("echo", 3, "after").id, 3, "{name}");
    let waited = begun.elapsed();
    assert!(
        waited < Duration::from_secs(1) + SLACK,
        "{name}: {waited:?}"
    );
}

#[test]
fn t11_connections_that_are_aborted_before_they_are_taken_cost_nothing() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let running = Running::bind(&config);
        for _ in 0..200 {
            running.peer().reset();
        }
        assert_eq!(running.peer().call("echo", 1, "x").id, 1, "{name}");
        eventually("all have gone", || running.stats().connections_open == 0);
        assert_eq!(running.stats().accept_errors, 0, "{name}");
    }
}

/// Of four connections one cannot be taken, and one fails while it is set up.
struct Failing {
    inner: MemoryListener,
    times: usize,
}

impl Listener for Failing {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        self.times += 1;
        match self.times % 4 {
            1 => Err(io::ErrorKind::ConnectionAborted.into()),
            2 => Ok(self
                .inner
                .accept()?
                .map(|stream| Box::new(Broken(stream)) as Box<dyn Stream>)),
            _ => self.inner.accept(),
        }
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }

    fn local_addr(&self) -> Address {
        self.inner.local_addr()
    }
}

/// Never agrees with its peer on how to speak.
struct Broken(Box<dyn Stream>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::InvalidData.into())
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::InvalidData.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Broken {
    fn peer(&self) -> seapink::processor::Peer {
        self.0.peer()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(timeout)
    }

    fn is_handshaking(&self) -> bool {
        true
    }

    fn closer(&self) -> Closer {
        self.0.closer()
    }

    fn is_quiet(&mut self) -> bool {
        false
    }

    fn readiness(&self) -> Readiness<'_> {
        self.0.readiness()
    }

    fn split(self: Box<Self>) -> Split {
        self.0.split()
    }
}

#[test]
fn t11_a_set_up_that_fails_costs_its_connection_alone() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let (inner, connector) = MemoryListener::new();
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        let server = Server::with_listener(Failing { inner, times: 0 }, &config, probe).unwrap();
        let running = Running::run(server, handler);
        let answered = (0..30).filter(|_| is_answered(&connector)).count();
        // Whoever meets a broken one is told so.
        assert!((15..30).contains(&answered), "{name}: {answered}");
        let ServerStats {
            connections_failed,
            accept_errors,
            ..
        } = running.stats();
        assert!(connections_failed >= 8, "{name}: {connections_failed}");
        assert!(accept_errors >= 8, "{name}: {accept_errors}");
    }
}

fn is_answered(connector: &MemoryConnector) -> bool {
    let client = Client::with_connector(connector.clone(), &ClientConfig::new(""));
    // Its first byte is sent before anything is known.
    Caller(client.unwrap()).call("echo", "x").is_ok()
}
