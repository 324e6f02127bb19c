//! T24: peers that call and never read the replies are cut, and until then cost a bounded buffer.

use std::time::{Duration, Instant};

use seapink::config::ServerTimeouts;

use crate::meter::{alone, heap};
use crate::support::{AGES, Active, Running, all_ways, call, eventually, timed_out, ways};

const PEERS: usize = 6;

/// More than there are workers.
const DEAF: usize = 20;

/// What each asks for: 400 replies of 50 000 bytes, more than the system's buffers hold.
const CALLS: usize = 400;
const REPLY_BYTES: usize = 50_000;
const IN_FLIGHT_MAX: usize = 8;

/// What the server may hold for each of them: the replies to as many calls as may be in flight,
/// twice, since a buffer grows by doubling, and one batch of calls.
const HELD_MAX: usize = 2 * IN_FLIGHT_MAX * REPLY_BYTES + 128 * 1024;

#[test]
fn t24_peers_that_never_read_are_cut_and_hold_a_bounded_buffer() {
    let _alone = alone();
    for (name, config) in all_ways() {
        let timeouts = ServerTimeouts::default().write_ms(300);
        let config = config.timeouts(timeouts).in_flight_max(IN_FLIGHT_MAX);
        let running = Running::bind(&config);
        let before = heap();
        let calls = call("big", 1, &REPLY_BYTES.to_string()).repeat(CALLS);
        let asked = heap();
        let peers = if name == "simple" { 1 } else { PEERS };
        let deaf: Vec<_> = (0..peers)
            .map(|_| {
                let mut peer = running.peer();
                peer.send(&calls);
                peer
            })
            .collect();
        let active = (name != "simple").then(|| Active::start(&running, 2));
        let (mut held, deadline) = (0, Instant::now() + AGES);
        while timed_out(&running) < deaf.len() as u64 {
            held = held.max(heap().saturating_sub(asked));
            assert!(Instant::now() < deadline, "{name}: they are not cut");
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(active) = active {
            assert!(active.stop() > 0, "{name}");
        }
        // Beside them there are two clients, with buffers of theirs.
        let held_max = peers * HELD_MAX + 512 * 1024;
        assert!(held <= held_max, "{name}: {held} bytes were held");
        let answered = running.stats().replies;
        drop((deaf, calls));
        eventually("all have gone", || running.stats().connections_open == 0);
        eventually("memory is back", || heap() <= before + 2 * 1024 * 1024);
        assert!(answered > 0, "{name}");
        assert_eq!(running.peer().call("echo", 2, "still").id, 2, "{name}");
    }
}

#[test]
fn t24_others_go_on_beside_more_peers_that_never_read_than_there_are_workers() {
    let _alone = alone();
    for (name, config) in ways() {
        // Longer than the test: whoever waits for one of them waits too long.
        let timeouts = ServerTimeouts::default().write_ms(600_000);
        let config = config.timeouts(timeouts).in_flight_max(IN_FLIGHT_MAX);
        let running = Running::bind(&config);
        let calls = call("big", 1, &REPLY_BYTES.to_string()).repeat(CALLS);
        let deaf: Vec<_> = (0..DEAF)
            .map(|_| {
                let mut peer = running.peer();
                peer.send(&calls);
                peer
            })
            .collect();
        // More than all workers together would answer if each stayed with one peer.
        let enough = (DEAF * IN_FLIGHT_MAX) as u64;
        eventually("each is answered", || running.stats().replies >= enough);
        let client = running.client();
        for number in 0..100 {
            let text = format!("{name} {number}");
            assert_eq!(client.call("echo", &text).unwrap(), text);
        }
        assert_eq!(timed_out(&running), 0);
        drop((deaf, client));
        eventually("all have gone", || running.stats().connections_open == 0);
    }
}
