//! Connections that get no more calls: they keep nobody from the one in use, and there are few.

use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use seapink::config::PoolConfig;
use seapink::{ClientConfig, Delivery, ErrorKind};

use crate::support::{Call, Gate, Heard, Server, Switch, Whole, until_gone, wait};

/// Answers all but `lost`. On the first connection, `slow` is answered once a gate is open, and what
/// comes behind it waits for that.
fn slow_server(gate: &Gate) -> Server {
    let gate = gate.clone();
    Server::new(move |number, stream| {
        while let Some(call) = Call::read(stream) {
            if number == 1 && call.text == "slow" {
                gate.pass();
            }
            if call.text != "lost" && stream.write_all(&call.reply()).is_err() {
                return;
            }
        }
    })
}

/// The one call that such a stream can carry is lost.
#[test]
fn a_stream_that_cannot_be_split_is_given_up_with_its_call() {
    let server = slow_server(&Gate::default());
    let client = Whole::client(&server, &ClientConfig::new(""));
    assert_eq!(client.call("first").unwrap(), "first");
    drop(client.within(50).send("lost").unwrap());
    assert_eq!(client.within(10_000).call("found").unwrap(), "found");
    assert_eq!(server.accepted(), 2);
}

/// Those who wait for replies over the old connection do not read those of the new one.
#[test]
fn room_is_made_on_the_new_connection_while_others_wait_for_the_old_one() {
    let gate = Gate::default();
    let server = slow_server(&gate);
    let client = server.client(&ClientConfig::new("").in_flight_max(4));
    thread::scope(|scope| {
        // One of them reads, and the other has to wait for its turn.
        let slow = [0; 2].map(|_| {
            let slow = client.send("slow").unwrap();
            scope.spawn(|| wait(slow))
        });
        client.within(50).call("brief").unwrap_err();
        let sent: Vec<_> = (0..6)
            .map(|number: u8| client.within(10_000).send(&number.to_string()))
            .collect();
        gate.open();
        for (number, sent) in sent.into_iter().enumerate() {
            assert_eq!(wait(sent.unwrap()).unwrap(), number.to_string());
        }
        for slow in slow {
            assert_eq!(slow.join().unwrap().unwrap(), "slow");
        }
    });
    assert_eq!(server.accepted(), 2);
}

/// That calls are in flight on an old connection does not hide that the new one is closed.
#[test]
fn a_connection_that_the_server_has_closed_is_noticed_beside_an_old_one() {
    let (gate, closed) = (Gate::default(), Gate::default());
    let (slow, closing) = (gate.clone(), closed.clone());
    let server = Server::new(move |number, stream| {
        while let Some(call) = Call::read(stream) {
            if number == 1 && call.text == "slow" {
                slow.pass();
            }
            if stream.write_all(&call.reply()).is_err() {
                return;
            }
            if call.text == "bye" {
                stream.closer().shutdown(Shutdown::Both);
                closing.open();
            }
        }
    });
    let client = server.client(&ClientConfig::new(""));
    let slow = client.send("slow").unwrap();
    client.within(50).call("brief").unwrap_err();
    assert_eq!(client.call("bye").unwrap(), "bye");
    closed.pass();
    assert_eq!(client.call("next").unwrap(), "next");
    assert_eq!(server.accepted(), 3);
    gate.open();
    assert_eq!(wait(slow).unwrap(), "slow");
}

/// Who waits for room need not read to see that a call that was given up is overdue.
#[test]
fn an_overdue_call_makes_room_while_another_thread_reads() {
    let gate = Gate::default();
    let server = slow_server(&gate);
    let client = server.client(&ClientConfig::new("").in_flight_max(2));
    thread::scope(|scope| {
        drop(client.within(200).send("lost").unwrap());
        let slow = scope.spawn(|| client.call("slow"));
        gate.until(1);
        let found = client.within(10_000).call("found");
        gate.open();
        assert_eq!(found.unwrap(), "found");
        assert_eq!(slow.join().unwrap().unwrap(), "slow");
    });
    assert_eq!(server.accepted(), 2);
}

/// Two that calls still wait for, beside the one in use, which goes on however silent it is.
#[test]
fn few_connections_are_made_to_a_server_that_stalls() {
    let pool = PoolConfig::default()
        .connections_max(1)
        .calls_per_connection(64);
    let one = ClientConfig::new("").in_flight_max(64);
    for config in [one, ClientConfig::new("").pool(pool)] {
        let server = Server::new(|_, stream| until_gone(stream));
        let switch = Switch::new(&server);
        let client = switch.client(&config);
        let mut long = Vec::new();
        for _ in 0..8 {
            long.push(client.send("long").unwrap());
            let error = client.within(10).call("brief").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        }
        assert_eq!(switch.attempts(), 3);
        // Once nobody waits any more, others may be made.
        drop(long);
        client.within(10).call("brief").unwrap_err();
        client.within(10).call("brief").unwrap_err();
        assert!(switch.attempts() > 3);
    }
}

/// Its last call is taken back before it has left, though others were answered meanwhile.
#[test]
fn an_old_connection_ends_with_the_call_that_never_left() {
    let (gate, end, heard) = (Gate::default(), Gate::default(), Heard::default());
    let (reading, held) = (gate.clone(), end.clone());
    let server = Server::new(move |_, stream| {
        let first = Call::read(stream).unwrap();
        // The large one is being written now.
        stream.read_exact(&mut [0; 4]).unwrap();
        reading.pass();
        stream.write_all(&first.reply()).unwrap();
        held.pass();
    });
    let client = server.client(&heard.by(ClientConfig::new("")));
    let first = client.send("first").unwrap();
    let large = "x".repeat(1 << 20);
    thread::scope(|scope| {
        let large = scope.spawn(|| client.within(300).call(&large));
        gate.until(1);
        let queued = scope.spawn(|| client.within(500).call("queued"));
        // Appended before the reply comes.
        thread::sleep(Duration::from_millis(30));
        gate.open();
        assert_eq!(wait(first).unwrap(), "first");
        let deliveries = [Delivery::NotSent, Delivery::Sent, Delivery::NotSent];
        let brief = client.within(50).call("brief");
        let others = [large, queued].map(|call| call.join().unwrap());
        for (call, delivery) in [brief].into_iter().chain(others).zip(deliveries) {
            let error = call.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert_eq!(error.delivery(), delivery, "{error}");
        }
    });
    assert_eq!(heard.count("down"), 1);
    end.open();
}
