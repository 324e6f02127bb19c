//! T20: oneway calls that come faster than they are run are left with who sends them.

use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::meter::{alone, heap};
use crate::support::{Peer, Running, eventually, is_timeout, oneway, ways};

const PEERS: usize = 3;

/// More than all buffers between two sockets hold.
const BYTES_MAX: usize = 64 << 20;

/// What the server may hold of the flood, for all peers.
const HELD_MAX: usize = 2 << 20;

/// A peer that sends the same call until nothing more is taken. Returns how many bytes were.
fn flood(peer: &mut Peer, call: &[u8]) -> usize {
    let patience = Duration::from_millis(200);
    peer.0.set_write_timeout(Some(patience)).unwrap();
    let mut sent = 0;
    loop {
        match peer.0.write(&call[sent % call.len()..]) {
            Ok(bytes) => sent += bytes,
            Err(error) if is_timeout(&error) => return sent,
            Err(error) => panic!("{error}"),
        }
        assert!(sent < BYTES_MAX, "the server takes everything");
    }
}

#[test]
fn t20_a_flood_of_oneway_calls_stops_at_the_sender_and_none_is_lost() {
    let _alone = alone();
    let call = oneway("hold", &"x".repeat(1_000));
    for (name, config) in ways() {
        let running = Running::bind(&config);
        running.peer().call("echo", 1, "x");
        let before = heap();
        let mut peers: Vec<_> = (0..PEERS).map(|_| running.peer()).collect();
        for peer in &peers {
            // The system's own buffers have no part in this.
            let socket = socket2::SockRef::from(&peer.0);
            socket.set_send_buffer_size(64 * 1024).unwrap();
        }
        let mut sent: Vec<_> = thread::scope(|scope| {
            let floods = peers
                .iter_mut()
                .map(|peer| scope.spawn(|| flood(peer, &call)));
            let floods: Vec<_> = floods.collect();
            floods
                .into_iter()
                .map(|flood| flood.join().unwrap())
                .collect()
        });
        let held = heap().saturating_sub(before);
        assert!(held <= HELD_MAX, "{name}: {held} bytes are held");
        // One at a time of each connection, or as many as there are workers.
        assert!(running.handler.waiting() <= 8, "{name}");

        running.handler.open_gate();
        for (peer, sent) in peers.iter_mut().zip(&mut sent) {
            // The rest of the call in the middle of which it stopped.
            let rest = sent.next_multiple_of(call.len()) - *sent;
            peer.0
                .set_write_timeout(Some(crate::support::AGES))
                .unwrap();
            peer.send(&call[call.len() - rest..]);
            *sent += rest;
            assert_eq!(peer.call("echo", 9, "still").id, 9, "{name}");
        }
        let calls = sent.iter().sum::<usize>() / call.len();
        eventually("every call has run", || running.handler.waiting() == calls);
        eventually("every call is counted", || {
            running.stats().oneways == calls as u64
        });
        drop(peers);
        eventually("memory is back", || {
            heap() <= before + HELD_MAX && running.stats().connections_open == 0
        });
    }
}
