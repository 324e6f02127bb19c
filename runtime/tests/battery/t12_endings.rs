//! T12: whatever way a connection ends, nothing of it stays.

use std::io::Write;
use std::net::Shutdown;

use crate::meter::{alone, descriptors, heap};
use crate::support::{Peer, Running, all_ways, call, eventually, frame, oneway};

type Ending = fn(Peer);

/// Each takes a new connection to its end.
const ENDINGS: [(&str, Ending); 16] = [
    ("closes at once", drop),
    ("resets at once", Peer::reset),
    ("half a length", |peer| leave(peer, &[0, 0])),
    ("half a message", |peer| leave(peer, &echo()[..20])),
    ("half a message and a reset", |mut peer| {
        peer.send(&echo()[..20]);
        peer.reset();
    }),
    ("half a message and a half-close", |mut peer| {
        peer.send(&echo()[..20]);
        peer.0.shutdown(Shutdown::Write).unwrap();
        peer.until_closed();
    }),
    ("HTTP", |peer| expelled(peer, b"GET / HTTP/1.1\r\n\r\n")),
    ("a negative length", |peer| expelled(peer, &[0xff; 8])),
    ("an empty frame", |peer| expelled(peer, &[0; 4])),
    ("no message in the frame", |peer| {
        expelled(peer, &frame(b"\x80\x01\0\x01\0\0\0\x7f"));
    }),
    ("a good call, then garbage", |mut peer| {
        peer.call("echo", 1, "good");
        expelled(peer, &frame(&[0xee; 32]));
    }),
    ("does not wait for the reply", |peer| leave(peer, &echo())),
    ("resets instead of reading", |mut peer| {
        peer.send(&call("big", 1, "100000"));
        peer.reset();
    }),
    ("a panic, then a reset", |mut peer| {
        assert!(peer.call("panic", 1, "quiet").result.is_err());
        peer.reset();
    }),
    ("oneway, then a reset", |mut peer| {
        peer.send(&oneway("echo", "x"));
        peer.reset();
    }),
    ("ten calls and a half-close", |mut peer| {
        peer.send(&echo().repeat(10));
        peer.0.shutdown(Shutdown::Write).unwrap();
        (0..10).for_each(|_| drop(peer.reply()));
        assert_eq!(peer.try_reply(), None);
    }),
];

fn echo() -> Vec<u8> {
    call("echo", 1, "some text")
}

fn leave(mut peer: Peer, bytes: &[u8]) {
    peer.send(bytes);
}

fn expelled(mut peer: Peer, bytes: &[u8]) {
    // Perhaps it is closed before all of it was taken.
    let _ = peer.0.write_all(bytes);
    peer.until_closed();
}

/// Connections of each ending, after some that bring the server's buffers to their size.
const ROUNDS: u64 = 60;

/// What buffers of threads and loops may still grow by; a hundred bytes left behind by each
/// connection of one ending would be more.
const DRIFT: usize = 256 * 1024;

#[test]
fn t12_connections_leave_nothing_behind_however_they_end() {
    let _alone = alone();
    std::panic::set_hook(Box::new(|info| {
        // Those of handlers are meant.
        if info.payload_as_str() != Some("quiet") {
            eprintln!("{info}");
        }
    }));
    for (name, config) in all_ways() {
        let running = Running::bind(&config);
        let round = || {
            for (ending, end) in ENDINGS {
                end(running.peer());
                assert!(!running.handle.is_stopping(), "{name}: {ending}");
            }
        };
        let all_gone = |connections| {
            eventually("all connections are gone", || {
                let stats = running.stats();
                let ended = stats.connections_accepted == connections;
                ended && stats.connections_open == 0 && stats.calls_running == 0
            });
        };
        let rounds = |count: u64| count * ENDINGS.len() as u64;
        (0..10).for_each(|_| round());
        all_gone(rounds(10));
        let before = (descriptors(), heap());
        (0..ROUNDS).for_each(|_| round());
        all_gone(rounds(10 + ROUNDS));
        eventually("descriptors are back", || descriptors() <= before.0);
        eventually("memory is back", || heap() <= before.1 + DRIFT);
        let stats = running.stats();
        assert_eq!((stats.calls_queued, stats.accept_errors), (0, 0), "{name}");
        assert_eq!(running.peer().call("echo", 7, "still").id, 7);
    }
    drop(std::panic::take_hook());
}
