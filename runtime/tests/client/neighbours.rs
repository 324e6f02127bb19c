//! Calls that share a connection: what one of them does to itself is not done to the others, and
//! there is room for the next one.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::ReplyOrder;
use seapink::{Client, ClientConfig, Delivery, ErrorKind};
use std::io::Read;

use crate::support::{AGES, Call, Echo, Gate, Heard, SLACK, Server, in_time, wait};

const ORDERS: [ReplyOrder; 2] = [ReplyOrder::Any, ReplyOrder::Sent];

/// Answers `slow` once a gate is open, and others at once. One after the other, as most servers do.
fn slow_server(gate: &Gate) -> Server {
    let gate = gate.clone();
    Server::answering(move |_, call| {
        if call.text == "slow" {
            gate.pass();
        }
        call.reply()
    })
}

/// The call that runs out of time behind a slow one is alone in that. Whether somebody is there is
/// tried with another connection, and the old one is closed once it has no use.
#[test]
fn a_call_that_runs_out_of_time_takes_nobody_with_it() {
    for order in ORDERS {
        let (gate, heard) = (Gate::default(), Heard::default());
        let server = slow_server(&gate);
        let config = heard.by(ClientConfig::new("").reply_order(order));
        let client = server.client(&config);
        thread::scope(|scope| {
            let slow = scope.spawn(|| client.call("slow"));
            gate.until(1);
            let error = client.within(50).call("brief").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert_eq!(error.delivery(), Delivery::Sent);
            assert_eq!(client.call("next").unwrap(), "next");
            assert_eq!(server.accepted(), 2);
            assert_eq!(heard.count("down"), 0);
            gate.open();
            assert_eq!(slow.join().unwrap().unwrap(), "slow");
        });
        assert_eq!(client.call("last").unwrap(), "last");
        assert_eq!(server.accepted(), 2);
        assert_eq!(
            heard.all()[4..],
            ["1 down: Timeout: no reply within 50 ms"],
            "{order:?}"
        );
    }
}

/// A `Pending` that nobody waits for yet is a call like others.
#[test]
fn a_reply_comes_over_a_connection_that_gets_no_more_calls() {
    let gate = Gate::default();
    let server = slow_server(&gate);
    let client = server.client(&ClientConfig::new(""));
    let slow = client.send("slow").unwrap();
    let behind = client.send("behind").unwrap();
    client.within(50).call("brief").unwrap_err();
    assert_eq!(client.call("next").unwrap(), "next");
    gate.open();
    assert_eq!(wait(behind).unwrap(), "behind");
    assert_eq!(wait(slow).unwrap(), "slow");
}

/// Of a call that cannot be sent in time nothing is ever sent, so that it may be made again.
#[test]
fn a_call_that_is_given_up_before_it_leaves_is_not_sent() {
    for order in ORDERS {
        let (gate, opened) = (Gate::default(), Gate::default());
        let (reading, heard) = (gate.clone(), opened.clone());
        let server = Server::new(move |number, stream| {
            let mut prefix = [0; 4];
            if stream.read_exact(&mut prefix).is_err() {
                return;
            }
            // The first call is being written now, and the others wait for that.
            reading.pass();
            let mut call = Call::read(&mut prefix.chain(&mut *stream));
            while let Some(read) = call {
                assert_ne!(read.text, "brief");
                stream.write_all(&read.reply()).unwrap();
                call = Call::read(stream);
            }
            if number == 1 {
                heard.open();
            }
        });
        let client = server.client(&ClientConfig::new("").reply_order(order));
        let large = "x".repeat(1 << 20);
        thread::scope(|scope| {
            let one = scope.spawn(|| client.call(&large));
            gate.until(1);
            let other = scope.spawn(|| {
                // Appended behind the one that is given up.
                thread::sleep(Duration::from_millis(30));
                client.call("patient")
            });
            let error = client.within(100).call("brief").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert!(error.is_retryable());
            gate.open();
            assert_eq!(one.join().unwrap().unwrap(), large);
            assert_eq!(other.join().unwrap().unwrap(), "patient");
        });
        drop(client);
        opened.pass();
    }
}

/// The server reads, but too slowly for the call to be over in time.
#[test]
fn t16_a_call_drips_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(1..) = stream.read(&mut buffer) {
            thread::sleep(Duration::from_millis(4));
        }
    });
    let config = ClientConfig::new(format!("tcp://{address}"));
    let client = Echo(Client::connect(&config).unwrap());
    // Seconds at that speed.
    let large = "x".repeat(12 << 20);
    let begun = Instant::now();
    let error = client.within(200).call(&large).unwrap_err();
    let took = begun.elapsed();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.delivery(), Delivery::Sent);
    assert!(took < Duration::from_millis(200) + SLACK, "{took:?}");
    drop(client);
    server.join().unwrap();
}

/// More calls are sent than may be in flight before anybody waits for one.
#[test]
fn what_is_sent_needs_nobody_to_wait_for_it() {
    for order in ORDERS {
        let server = Server::answering(|_, call| call.reply());
        let client = server.client(&ClientConfig::new("").in_flight_max(4).reply_order(order));
        in_time(move || {
            let send = |number: usize| client.send(&number.to_string()).unwrap();
            let mut pendings: Vec<_> = (0..100).map(send).collect();
            // Some are never waited for, and the others in no order.
            pendings.retain(|_| fastrand::bool());
            fastrand::shuffle(&mut pendings);
            assert_eq!(client.call("between").unwrap(), "between");
            let numbers = pendings.into_iter().map(|pending| wait(pending).unwrap());
            let numbers: std::collections::BTreeSet<_> = numbers.collect();
            assert!(numbers.iter().all(|text| text.parse::<u8>().unwrap() < 100));
        });
        assert_eq!(server.accepted(), 1);
    }
}

/// What has come before a connection ends is still there for whoever asks late.
#[test]
fn replies_outlive_their_connection() {
    let server = Server::new(|_, stream| {
        for _ in 0..3 {
            let Some(call) = Call::read(stream) else {
                return;
            };
            if call.text != "lost" {
                stream.write_all(&call.reply()).unwrap();
            }
        }
    });
    let client = server.client(&ClientConfig::new("").in_flight_max(2));
    let one = client.send("one").unwrap();
    let lost = client.send("lost").unwrap();
    // There is room for it, since the first one is answered. And then the server closes.
    assert_eq!(client.call("other").unwrap(), "other");
    let error = wait(lost).unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Closed, Delivery::Sent)
    );
    assert_eq!(client.call("again").unwrap(), "again");
    assert_eq!(wait(one).unwrap(), "one");
}

/// Many threads, and fewer slots: none of them waits for longer than it has to.
#[test]
fn a_slot_that_is_free_is_taken() {
    let server = Server::answering(|_, call| call.reply());
    let client = server.client(&ClientConfig::new("").in_flight_max(1));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (client, done) = (client.within(10_000), &done);
            scope.spawn(move || {
                let end = Instant::now() + Duration::from_millis(300);
                while Instant::now() < end {
                    let text = thread.to_string();
                    let begun = Instant::now();
                    assert_eq!(client.call(&text).unwrap(), text);
                    // A call that is not woken waits for ten seconds.
                    assert!(begun.elapsed() < Duration::from_secs(5));
                }
                done.store(true, Ordering::Relaxed);
            });
        }
    });
    assert!(done.into_inner());
}

/// While a thread reads to make room, another one takes its own call's reply, and ends.
#[test]
fn a_slot_becomes_free_while_a_thread_reads() {
    for _ in 0..10 {
        let gate = Gate::default();
        let server = slow_server(&gate);
        let client = server.client(&ClientConfig::new("").in_flight_max(1));
        let slow = client.send("slow").unwrap();
        gate.until(1);
        thread::scope(|scope| {
            let next = scope.spawn(|| client.within(10_000).call("next"));
            let slow = scope.spawn(move || wait(slow));
            gate.open();
            assert_eq!(slow.join().unwrap().unwrap(), "slow");
            assert_eq!(next.join().unwrap().unwrap(), "next");
        });
        assert_eq!(server.accepted(), 1);
    }
}

/// Calls that are given up and never answered do not take the room of others for ever.
#[test]
fn lost_calls_do_not_clog_a_connection() {
    for (order, in_flight_max) in [
        (ReplyOrder::Any, 2),
        (ReplyOrder::Any, 4),
        (ReplyOrder::Sent, 2),
    ] {
        let server = Server::new(|number, stream| {
            while let Some(call) = Call::read(stream) {
                if call.text == "lost" {
                    continue;
                }
                assert_eq!(
                    number, 2,
                    "in order, it would have to answer the others first"
                );
                stream.write_all(&call.reply()).unwrap();
            }
        });
        let config = ClientConfig::new("")
            .in_flight_max(in_flight_max)
            .reply_order(order);
        let client = server.client(&config);
        for _ in 0..in_flight_max {
            drop(client.within(100).send("lost").unwrap());
        }
        assert_eq!(client.within(10_000).call("found").unwrap(), "found");
        assert_eq!(server.accepted(), 2);
    }
}

/// Half of the slots are enough for that, where the server is heard of.
#[test]
fn a_server_that_forgets_calls_gets_another_connection() {
    let server = Server::new(|_, stream| {
        while let Some(call) = Call::read(stream) {
            if call.text != "lost" && stream.write_all(&call.reply()).is_err() {
                return;
            }
        }
    });
    let client = server.client(&ClientConfig::new("").in_flight_max(4));
    let stop = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let (busy, stopped) = (client.clone(), Arc::clone(&stop));
        scope.spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                assert_eq!(busy.call("x").unwrap(), "x");
            }
        });
        let begun = Instant::now();
        for _ in 0..20 {
            let error = client.within(30).call("lost").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
        }
        assert!(begun.elapsed() < AGES);
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(client.call("found").unwrap(), "found");
}
