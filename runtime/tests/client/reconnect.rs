//! Connecting again, and what is told of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use seapink::client::ConnectionEvent;
use seapink::config::{PoolConfig, ReconnectConfig};
use seapink::transport::{Connector, MemoryConnector, Stream};
use seapink::{Client, ClientConfig, Delivery, ErrorKind};

use crate::support::{AGES, Echo, Heard, Server, Switch, in_time, sleep_until, until};

fn patient() -> ClientConfig {
    let reconnect = ReconnectConfig::default().min_ms(300).max_ms(600);
    ClientConfig::new("").reconnect(reconnect)
}

/// Closes the connection when it is told to.
fn server() -> Server {
    Server::answering(|_, call| match &*call.text {
        "close" => Vec::new(),
        _ => call.reply(),
    })
}

#[test]
fn after_a_failure_nobody_tries_for_a_while_and_then_somebody_does() {
    let (server, heard) = (server(), Heard::default());
    let switch = Switch::new(&server);
    let client = switch.client(&heard.by(patient()));
    assert_eq!(client.call("close").unwrap_err().kind(), ErrorKind::Closed);
    switch.refuse(ErrorKind::Io);
    let begun = Instant::now();
    let error = client.call("x").unwrap_err();
    assert_eq!(error.to_string(), "nobody is there");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_retryable());
    let due = error.retry_at().unwrap();
    assert!(due >= begun + Duration::from_millis(300));
    assert_eq!(switch.attempts(), 2);

    let error = client.call("x").unwrap_err();
    if Instant::now() < due {
        let text = error.to_string();
        let why = "nobody is there; the next attempt to connect is due in ";
        assert!(text.starts_with(why) && text.ends_with(" ms"), "{text}");
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(error.retry_at(), Some(due));
        assert!(error.is_retryable());
        assert_eq!(switch.attempts(), 2);
        switch.refuse(None);
        sleep_until(due);
        assert_eq!(client.call("x").unwrap(), "x");
        drop(client);
        let heard = heard.all();
        let expected = [
            "1 connecting",
            "1 up: local",
            "1 down: Closed: the server closed the connection before it replied; does it use the transport `framed` and the protocol `binary`?",
            "2 connecting",
            "2 down: Io: nobody is there",
            "3 connecting",
            "3 up: local",
            "3 down: Cancelled: the client was dropped",
        ];
        assert_eq!(heard, expected);
    }
}

#[test]
fn the_first_connection_fails_at_once() {
    let (server, heard) = (server(), Heard::default());
    let switch = Switch::new(&server);
    switch.refuse(ErrorKind::Io);
    for _ in 0..2 {
        let client = Client::<seapink::Standard>::with_connector(switch.clone(), &patient());
        assert_eq!(client.unwrap_err().to_string(), "nobody is there");
    }
    let config = heard.by(patient());
    Client::<seapink::Standard>::with_connector(switch.clone(), &config).unwrap_err();
    let expected = ["1 connecting", "1 down: Io: nobody is there"];
    assert_eq!(heard.all(), expected);
    assert_eq!(switch.attempts(), 3);
}

/// Of many threads, with many connections, one tries.
#[test]
fn a_herd_makes_one_attempt() {
    let server = server();
    let mut switch = Switch::new(&server);
    switch.pause = Duration::from_millis(50);
    let pool = PoolConfig::default().connections_max(16);
    let client = switch.client(&patient().pool(pool));
    client.call("close").unwrap_err();
    switch.refuse(ErrorKind::Io);
    let error = client.call("x").unwrap_err();
    sleep_until(error.retry_at().unwrap());
    let before = switch.attempts();
    let begun = Instant::now();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || client.call("x").unwrap_err())
        })
        .collect();
    for thread in threads {
        let error = in_time(|| thread.join().unwrap());
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.to_string().starts_with("nobody is there"), "{error}");
    }
    if begun.elapsed() < Duration::from_millis(300) {
        assert_eq!(switch.attempts() - before, 1);
    }
    switch.refuse(None);
    until("it is reached", || client.call("x").is_ok());
}

/// A call that has next to no time says nothing about the server.
#[test]
fn a_hurried_call_stops_nobody_else() {
    let server = server();
    let switch = Switch::new(&server);
    let client = switch.client(&patient());
    client.call("close").unwrap_err();
    switch.refuse(ErrorKind::Timeout);
    let error = client.within(10).call("x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.retry_at(), None);
    switch.refuse(None);
    assert_eq!(client.call("x").unwrap(), "x");
}

/// No lock is held, and what it hears of has happened.
#[test]
fn a_listener_may_call_the_client() {
    let server = server();
    let client = Arc::new(OnceLock::<Echo>::new());
    let inner = Arc::clone(&client);
    let config = ClientConfig::new("").on_connection(move |event| {
        if let (Some(client), ConnectionEvent::Up { .. } | ConnectionEvent::Down { .. }) =
            (inner.get(), event)
        {
            assert_eq!(
                client.call("from the listener").unwrap(),
                "from the listener"
            );
        }
    });
    let client = client.get_or_init(|| server.client(&config)).clone();
    let begun = Instant::now();
    client.call("close").unwrap_err();
    assert_eq!(client.call("x").unwrap(), "x");
    assert!(begun.elapsed() < AGES);
    assert_eq!(server.accepted(), 2);
}

#[test]
fn a_listener_that_panics_harms_nobody() {
    let (server, heard) = (server(), Heard::default());
    let config = ClientConfig::new("").on_connection(|_| panic!("in a listener"));
    let client = server.client(&heard.by(config));
    client.call("close").unwrap_err();
    assert_eq!(client.call("x").unwrap(), "x");
    assert_eq!(heard.count("up"), 2);
}

#[test]
fn a_connector_that_panics_keeps_nobody_waiting() {
    struct Panicking(MemoryConnector, AtomicUsize);

    impl Connector for Panicking {
        fn connect(&self, timeout: Duration) -> seapink::Result<Box<dyn Stream>> {
            // All but the second time.
            let times = self.1.fetch_add(1, Ordering::SeqCst);
            assert_ne!(times, 1, "in a connector");
            self.0.connect(timeout)
        }
    }

    let server = server();
    let connector = Panicking(server.connector.clone(), AtomicUsize::new(0));
    let client = Client::with_connector(connector, &ClientConfig::new("")).unwrap();
    let client = Echo(client);
    client.call("close").unwrap_err();
    let panicking = client.clone();
    assert!(thread::spawn(move || panicking.call("x")).join().is_err());
    let begun = Instant::now();
    assert_eq!(client.call("x").unwrap(), "x");
    assert!(begun.elapsed() < AGES);
}
