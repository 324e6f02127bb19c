//! Time-outs, caps and queues: what a server refuses to wait for.

use std::io::{Read, Write};
use std::time::Duration;

use seapink::ServerConfig;
use seapink::config::{Model, ServerTimeouts};
use seapink::transport::Stream;

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, MODELS, Running, eventually};

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

fn hasty(model: Model) -> ServerConfig {
    let timeouts = ServerTimeouts::default()
        .idle_ms(200)
        .read_ms(40)
        .write_ms(40);
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .timeouts(timeouts)
}

#[test]
fn idle_connections_are_closed() {
    for model in MODELS {
        let running = Running::memory(&hasty(model));
        let mut new = running.stream();
        assert_eq!(rest(&mut new), []);
        let mut used = running.stream();
        used.write_all(&framed().echo(1, "x")).unwrap();
        assert_eq!(framed().read(&mut used, 1), replies(&[("echo", 1)]));
        assert_eq!(rest(&mut used), []);
        eventually("both are counted", || {
            running.handle.stats().connections_failed == 2
        });
    }
}

#[test]
fn dripping_a_message_does_not_extend_its_time() {
    for model in MODELS {
        let config = hasty(model);
        let timeouts = config.timeouts.idle_ms(60_000);
        let running = Running::memory(&config.timeouts(timeouts));
        let mut stream = running.stream();
        stream.write_all(&framed().echo(1, "x")).unwrap();
        assert_eq!(framed().read(&mut stream, 1), replies(&[("echo", 1)]));
        let message = framed().echo(2, &"x".repeat(100_000));
        let mut sent = 0;
        for byte in message {
            if stream.write_all(&[byte]).is_err() {
                break;
            }
            sent += 1;
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(sent < 10_000, "{sent}");
        assert_eq!(rest(&mut stream), []);
    }
}

#[test]
fn a_peer_that_does_not_read_is_cut() {
    for model in MODELS {
        for tcp in [false, true] {
            let config = hasty(model);
            let timeouts = config.timeouts.idle_ms(60_000).read_ms(60_000);
            let config = config.timeouts(timeouts);
            let running = if tcp {
                Running::bind(&config)
            } else {
                Running::memory(&config)
            };
            let mut stream: Box<dyn Stream> = if tcp {
                let address = running.handle.local_addr().to_string();
                let address = address.strip_prefix("tcp://").unwrap();
                let stream = std::net::TcpStream::connect(address).unwrap();
                Box::new(seapink::transport::SocketStream::tcp(stream).unwrap())
            } else {
                Box::new(running.stream())
            };
            let call = framed().call(1, |client| client.big(15_000_000));
            stream.write_all(&call).unwrap();
            eventually("it is cut", || {
                running.handle.stats().connections_failed == 1
            });
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            assert!(bytes.len() < 15_000_000);
            // The server is not impressed, not even with one worker.
            assert!(running.handle.shutdown(AGES).is_clean());
        }
    }
}

#[test]
fn connections_over_the_cap_are_refused_at_once() {
    for model in [Model::Threaded, Model::ThreadPool, Model::Nonblocking] {
        let config = ServerConfig::new("").model(model).connections_max(2);
        let running = Running::memory(&config);
        let first = running.client();
        let second = running.client();
        first.echo("1").unwrap();
        second.echo("2").unwrap();
        assert_eq!(rest(&mut running.stream()), []);
        assert_eq!(running.handle.stats().connections_refused, 1);
        assert_eq!(first.echo("still").unwrap(), "still");
        drop(second);
        eventually("there is room", || {
            running.handle.stats().connections_open == 1
        });
        assert_eq!(running.client().echo("3").unwrap(), "3");
    }
}

#[test]
fn the_simple_model_serves_one_after_the_other() {
    let running = Running::memory(&ServerConfig::new("").model(Model::Simple));
    let first = running.client();
    first.echo("x").unwrap();
    let mut second = running.stream();
    second.write_all(&framed().echo(2, "x")).unwrap();
    first.echo("x").unwrap();
    assert!(second.is_quiet());
    assert_eq!(running.handle.stats().connections_accepted, 1);
    drop(first);
    assert_eq!(framed().read(&mut second, 1), replies(&[("echo", 2)]));
}

#[test]
fn idle_connections_do_not_keep_workers() {
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::ThreadPool)
        .workers(1);
    for running in [Running::memory(&config), Running::bind(&config)] {
        let clients: Vec<_> = (0..20).map(|_| running.client()).collect();
        for _ in 0..3 {
            for client in &clients {
                assert_eq!(client.echo("x").unwrap(), "x");
            }
        }
        assert_eq!(running.handle.stats().connections_open, 20);
    }
}

#[test]
fn half_a_message_does_not_keep_a_worker() {
    let config = ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::ThreadPool)
        .workers(1);
    let running = Running::memory(&config);
    let call = framed().echo(1, "slow");
    let mut slow = running.stream();
    slow.write_all(&call[..7]).unwrap();
    assert_eq!(running.client().echo("fast").unwrap(), "fast");
    slow.write_all(&call[7..]).unwrap();
    assert_eq!(framed().read(&mut slow, 1), replies(&[("echo", 1)]));
}

#[test]
fn busy_connections_take_turns() {
    let config = ServerConfig::new("").model(Model::ThreadPool).workers(2);
    let running = Running::memory(&config);
    let clients: Vec<_> = (0..8).map(|_| running.client()).collect();
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| (0..200).for_each(|_| assert_eq!(client.echo("x").unwrap(), "x")));
        }
    });
    assert_eq!(running.handle.stats().replies, 1600);
}

#[test]
fn a_slow_handler_is_not_idleness() {
    for model in MODELS {
        let timeouts = ServerTimeouts::default().idle_ms(500);
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let running = Running::bind(&config.timeouts(timeouts));
        let client = running.client();
        let pending = client.send_wait().unwrap();
        running.handler.until_waiting(1);
        std::thread::sleep(Duration::from_millis(700));
        running.handler.release();
        assert_eq!(pending.wait().unwrap(), "waited");
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(client.echo("x").unwrap(), "x", "{model:?}");
        // The connection is still the first one: its time began with the answer.
        assert_eq!(running.handle.stats().connections_accepted, 1, "{model:?}");
    }
}
