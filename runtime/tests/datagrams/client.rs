//! Clients, and what the network does to datagrams.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::client::ConnectionEvent;
use seapink::config::{ClientTimeouts, ClientUdp, Model};
use seapink::{ClientConfig, Delivery, ErrorKind, Limits};

use crate::config;
use crate::raw::protocol;
use crate::support::{AGES, ProbeClient, Running};

/// A server that is not one.
fn fake() -> (UdpSocket, ClientConfig) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AGES)).unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    (socket, ClientConfig::new(address).transport("buffered"))
}

/// The reply to a call of `echo` in binary.
fn reply(call: &[u8]) -> Vec<u8> {
    let (head, body) = protocol("binary")
        .1
        .read_head(call, &Limits::default())
        .unwrap();
    let mut reply = b"\x80\x01\0\x02\0\0\0\x04echo".to_vec();
    reply.extend_from_slice(&head.sequence_id.to_be_bytes());
    // The arguments have one text as field 1, the result has it as field 0.
    let mut result = call[body..].to_vec();
    result[2] = 0;
    reply.extend_from_slice(&result);
    reply
}

/// Answers calls in a thread, until it gets one of `stop`.
fn answer(socket: UdpSocket, mut answers: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = [0; 1000];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            for answer in answers(&buffer[..len]) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
}

#[test]
fn what_is_lost_ends_in_time() {
    let (socket, config) = fake();
    let client = ProbeClient::connect(&config).unwrap();
    let quick = client.with(|client| client.with_timeout(Duration::from_secs(1)));
    for _ in 0..2 {
        let began = Instant::now();
        let sent: Vec<_> = (0..64).map(|_| quick.send_echo("lost").unwrap()).collect();
        for pending in sent {
            let error = pending.wait().unwrap_err().other();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert_eq!(error.delivery(), Delivery::Sent);
        }
        assert!(began.elapsed() < AGES);
    }
    // More calls were lost than there is room for.
    answer(socket, |call| vec![reply(call)]);
    assert_eq!(client.echo("found").unwrap(), "found");
}

#[test]
fn who_hears_nothing_is_asked_what_the_server_speaks() {
    let server = Running::bind(&config(Model::Simple, "json"));
    let address = server.client_config().connect;
    let client = ProbeClient::connect(&ClientConfig::new(address)).unwrap();
    let quick = client.with(|client| client.with_timeout(Duration::from_millis(50)));
    let error = quick.echo("lost").unwrap_err().other();
    let hint = "does it use the transport `buffered` and the protocol `binary`?";
    let expected = format!("no reply within 50 ms; if there is a server, {hint}");
    assert_eq!(error.to_string(), expected);
    // Who has heard from it need not ask.
    let (socket, config) = fake();
    let mut answered = false;
    answer(socket, move |call| {
        if std::mem::replace(&mut answered, true) {
            return Vec::new();
        }
        vec![reply(call)]
    });
    let client = ProbeClient::connect(&config).unwrap();
    assert_eq!(client.echo("found").unwrap(), "found");
    let quick = client.with(|client| client.with_timeout(Duration::from_millis(50)));
    let error = quick.echo("lost").unwrap_err().other();
    assert_eq!(error.to_string(), "no reply within 50 ms");
}

#[test]
fn what_comes_twice_or_late_or_from_nowhere_harms_nobody() {
    let (socket, config) = fake();
    let ups = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ups);
    let config = config.on_connection(move |event| {
        if let ConnectionEvent::Up { .. } = event {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut last = Vec::new();
    answer(socket, move |call| {
        let good = reply(call);
        let mut other = good.clone();
        // Another sequence id.
        other[14] ^= 0x40;
        let junk = b"GET / HTTP/1.1\r\n".to_vec();
        let cut = good[..good.len() - 1][..10].to_vec();
        let late = std::mem::replace(&mut last, good.clone());
        vec![Vec::new(), junk, cut, other, late, good.clone(), good]
    });
    let client = ProbeClient::connect(&config).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for turn in 0..50 {
                    let text = format!("{thread}.{turn}");
                    assert_eq!(client.echo(&text).unwrap(), text);
                }
            });
        }
    });
    assert_eq!(ups.load(Ordering::SeqCst), 1);
}

/// Its reply makes no sense, and that of the other call does.
#[test]
fn a_reply_that_makes_no_sense_is_one_calls_misfortune() {
    let (socket, config) = fake();
    answer(socket, |call| {
        let mut reply = reply(call);
        if reply.ends_with(b"bad\0") {
            reply.truncate(reply.len() - 3);
        }
        vec![reply]
    });
    let client = ProbeClient::connect(&config).unwrap();
    let (good, bad) = (client.send_echo("good"), client.send_echo("bad"));
    let (good, bad) = (good.unwrap(), bad.unwrap());
    let error = bad.wait().unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Truncated, Delivery::Sent)
    );
    assert_eq!(good.wait().unwrap(), "good");
}

#[test]
fn where_nobody_is_an_error_says_so() {
    let (socket, config) = fake();
    let client = ProbeClient::connect(&config).unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let error = client.echo("anybody?").unwrap_err().other();
    let expected = format!("nobody takes datagrams at udp://{address}");
    assert!(error.to_string().ends_with(&expected), "{error}");
    assert_eq!(error.delivery(), Delivery::Sent);
    // One that nobody waits for is told with the next.
    let told = (0..100).find_map(|_| client.note("anybody?").err());
    let told = told.unwrap();
    assert!(told.to_string().ends_with(&expected), "{told}");
    // Somebody comes.
    let socket = UdpSocket::bind(address).unwrap();
    answer(socket, |call| vec![reply(call)]);
    let again = (0..100).find_map(|_| client.echo("again").ok());
    assert_eq!(again.as_deref(), Some("again"));
}

#[test]
fn what_is_too_long_does_not_leave() {
    let server = Running::bind(&config(Model::ThreadPool, "binary"));
    let client = server.client();
    let error = client.echo(&"x".repeat(65_000)).unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Limit, Delivery::NotSent)
    );
    let expected = "the message has 65024 bytes, more than datagram_bytes_max = 65000";
    assert_eq!(error.message(), expected);
    assert_eq!(client.echo("short").unwrap(), "short");
    let udp = ClientUdp::default().datagram_bytes_max(65_507);
    let client = server.client_with(&server.client_config().udp(udp));
    let text = "x".repeat(65_000);
    assert_eq!(client.echo(&text).unwrap(), text);
    assert_eq!(server.handle.stats().datagrams, 2);
}

#[test]
fn functions_that_may_run_twice_are_called_again() {
    let (socket, config) = fake();
    let mut calls = 0;
    answer(socket, move |call| {
        calls += 1;
        // Every other is lost.
        if calls % 2 == 0 {
            vec![reply(call)]
        } else {
            Vec::new()
        }
    });
    let retry = seapink::config::RetryConfig::default().attempt_ms(100);
    let config = config.timeouts(ClientTimeouts::default().call_ms(20_000));
    let client = ProbeClient::connect(&config.retry(retry)).unwrap();
    let echoed: Result<String, crate::support::Failure> =
        client.0.call_idempotent("echo", &[(1, "text")], ("twice",));
    assert_eq!(echoed.unwrap(), "twice");
}
