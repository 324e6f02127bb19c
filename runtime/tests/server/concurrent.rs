//! `reply_order = "any"`: calls of one connection that run at the same time.

use std::io::Write;
use std::sync::Arc;
use std::thread;

use seapink::config::{Model, ReplyOrder, ServerTimeouts};
use seapink::transport::{Split, Stream};
use seapink::{MessageKind, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, ProbeClient, Running, eventually};

fn config() -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::Nonblocking)
        .io_threads(1)
        .workers(4)
        .reply_order(ReplyOrder::Any)
}

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

fn wait(id: i32) -> Vec<u8> {
    framed().call(id, ProbeClient::wait)
}

#[test]
fn a_slow_call_does_not_hold_up_those_behind_it() {
    for raw in Raw::all() {
        let config = config().transport(raw.transport);
        let mut running = Running::bind(&config.protocol(raw.wire().name()));
        let mut stream = running.tcp();
        stream.write_all(&raw.call(1, ProbeClient::wait)).unwrap();
        running.handler.until_waiting(1);
        stream.write_all(&raw.echo(2, "x")).unwrap();
        assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 2)]));
        running.handler.release();
        assert_eq!(raw.read(&mut stream, 1), replies(&[("wait", 1)]));
        drop(stream);
        assert!(running.shutdown(AGES).is_clean());
    }
}

#[test]
fn one_client_has_slow_and_quick_calls_at_the_same_time() {
    let running = Running::bind(&config());
    let client = running.client();
    let slow: Vec<_> = (0..3).map(|_| client.send_wait().unwrap()).collect();
    running.handler.until_waiting(3);
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                for call in 0..500 {
                    let text = format!("{thread} {call}");
                    assert_eq!(client.echo(&text).unwrap(), text);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(running.handle.stats().calls_running, 3);
    running.handler.release();
    for pending in slow {
        assert_eq!(pending.wait().unwrap(), "waited");
    }
    assert_eq!(running.handle.stats().connections_accepted, 1);
}

#[test]
fn nothing_more_is_read_while_too_many_are_in_flight() {
    let running = Running::bind(&config().in_flight_max(3));
    let mut stream = running.tcp();
    let mut calls: Vec<u8> = (1..=3).flat_map(wait).collect();
    calls.extend(framed().echo(4, "x"));
    stream.write_all(&calls).unwrap();
    running.handler.until_waiting(3);
    // There is a fourth worker, and other connections get it.
    let mut other = running.tcp();
    other.write_all(&framed().echo(5, "x")).unwrap();
    assert_eq!(framed().read(&mut other, 1), replies(&[("echo", 5)]));
    assert_eq!(running.handle.stats().replies, 1);
    running.handler.release();
    let mut found = framed().read(&mut stream, 4);
    found.sort_by_key(|(_, _, id)| *id);
    let expected = replies(&[("wait", 1), ("wait", 2), ("wait", 3), ("echo", 4)]);
    assert_eq!(found, expected);
}

#[test]
fn every_call_is_answered_however_many_there_are() {
    let running = Running::bind(&config().in_flight_max(10));
    let calls: Vec<u8> = (0..4000)
        .flat_map(|id| framed().call(id, |client| client.big(1500)))
        .collect();
    let stream: Box<dyn Stream> = Box::new(running.tcp());
    let Split::Halves(mut reader, mut writer) = stream.split() else {
        unreachable!("a socket");
    };
    let sending = thread::spawn(move || {
        let mut rest = &calls[..];
        while !rest.is_empty() {
            let written = writer.write(rest, AGES).unwrap();
            rest = &rest[written..];
        }
        writer
    });
    eventually("it is held up", || running.handle.stats().replies > 100);
    let mut seen = vec![false; 4000];
    let mut bytes = Vec::new();
    let mut count = 0;
    while count < 4000 {
        let mut buffer = vec![0; 65536];
        let read = reader.read(&mut buffer, AGES).unwrap();
        assert!(read > 0);
        bytes.extend_from_slice(&buffer[..read]);
        let (heads, used) = framed().heads(&bytes);
        bytes.drain(..used);
        for (name, kind, id) in heads {
            assert_eq!((&*name, kind), ("big", MessageKind::Reply));
            let place = &mut seen[usize::try_from(id).unwrap()];
            assert!(!std::mem::replace(place, true), "{id} twice");
            count += 1;
        }
    }
    sending.join().unwrap();
}

#[test]
fn a_peer_that_closes_its_half_still_gets_its_answers() {
    let running = Running::bind(&config());
    let mut stream = running.tcp();
    stream
        .write_all(&[wait(1), framed().echo(2, "x")].concat())
        .unwrap();
    stream.closer().shutdown(std::net::Shutdown::Write);
    running.handler.until_waiting(1);
    assert_eq!(framed().read(&mut stream, 1), replies(&[("echo", 2)]));
    running.handler.release();
    assert_eq!(framed().read(&mut stream, 1), replies(&[("wait", 1)]));
    assert_eq!(rest(&mut stream), []);
    eventually("it is gone", || {
        running.handle.stats().connections_open == 0
    });
    assert_eq!(running.handle.stats().connections_failed, 0);
}

#[test]
fn what_came_before_nonsense_is_answered() {
    let running = Running::bind(&config());
    let mut stream = running.tcp();
    let nonsense = b"\0\0\0\x08nonsense".to_vec();
    stream
        .write_all(&[wait(1), framed().echo(2, "x"), nonsense].concat())
        .unwrap();
    running.handler.until_waiting(1);
    running.handler.release();
    let mut found = framed().read(&mut stream, 2);
    found.sort_by_key(|(_, _, id)| *id);
    assert_eq!(found, replies(&[("wait", 1), ("echo", 2)]));
    assert_eq!(rest(&mut stream), []);
    let stats = running.handle.stats();
    assert_eq!(stats.connections_failed, 1);
    assert_eq!(stats.connections_foreign, 0);
}

#[test]
fn a_slow_handler_is_not_idleness() {
    let timeouts = ServerTimeouts::default().idle_ms(30);
    let running = Running::bind(&config().timeouts(timeouts));
    let client = running.client();
    let pending = client.send_wait().unwrap();
    running.handler.until_waiting(1);
    thread::sleep(std::time::Duration::from_millis(120));
    running.handler.release();
    assert_eq!(pending.wait().unwrap(), "waited");
    eventually("now it is", || running.handle.stats().connections_open == 0);
}

#[test]
fn calls_that_run_when_the_server_stops_are_answered() {
    let mut running = Running::bind(&config());
    let mut stream = running.tcp();
    stream.write_all(&wait(1)).unwrap();
    running.handler.until_waiting(1);
    let handle = running.handle.clone();
    let shutdown = thread::spawn(move || handle.shutdown(AGES));
    let handler = Arc::clone(&running.handler);
    let idle = running.handle.clone();
    eventually("it stops", || idle.is_stopping());
    handler.release();
    assert_eq!(framed().read(&mut stream, 1), replies(&[("wait", 1)]));
    assert_eq!(rest(&mut stream), []);
    assert!(shutdown.join().unwrap().is_clean());
    running.join();
}

#[test]
fn a_connection_that_vanishes_costs_nobody_an_answer() {
    let running = Running::bind(&config());
    for _ in 0..50 {
        let mut gone = running.tcp();
        gone.write_all(&[framed().echo(1, "x"), wait(2)].concat())
            .unwrap();
        drop(gone);
    }
    running.handler.release();
    eventually("all are gone", || {
        running.handle.stats().connections_open == 0
    });
    assert_eq!(running.client().echo("x").unwrap(), "x");
}
