//! T24: peers that call and never read the replies are cut, and until then cost a bounded buffer.

use std::time::{Duration, Instant};

use seapink::config::{Model, ReplyOrder, ServerTimeouts};
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::{CallContext, ServerConfig};

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

/// What is made at the same time is bounded by the workers, not by what a peer may have in flight.
#[test]
fn t24_in_any_order_no_more_replies_are_held_than_workers_make() {
    const WORKERS: usize = 4;
    const CALLS: usize = 64;
    const BYTES: usize = 1_000_000;

    let _alone = alone();
    let config = in_any_order(WORKERS).in_flight_max(CALLS);
    let timeouts = ServerTimeouts::default().write_ms(1_000);
    let running = Running::bind(&config.timeouts(timeouts));
    let mut peer = running.peer();
    let asked = heap();
    peer.send(&call("big", 1, &BYTES.to_string()).repeat(CALLS));
    let (mut held, deadline) = (0, Instant::now() + AGES);
    while timed_out(&running) == 0 {
        held = held.max(heap().saturating_sub(asked));
        assert!(Instant::now() < deadline, "it is not cut");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Some fit into the system's buffers. Each of the others is made from a result and copied to what
    // is written, which grows by doubling.
    let made = running.stats().replies;
    assert!(made < (CALLS / 2) as u64, "{made} were made");
    assert!(held <= 6 * WORKERS * BYTES, "{held} bytes were held");
    // One who does read gets them all.
    let mut peer = running.peer();
    peer.send(&call("big", 1, &BYTES.to_string()).repeat(CALLS));
    for _ in 0..CALLS {
        assert_eq!(peer.reply().result.unwrap().len(), BYTES);
    }
    assert_eq!(running.peer().call("echo", 2, "still").id, 2);
}

/// Replies that come meanwhile are no sign that the peer reads.
#[test]
fn t24_in_any_order_other_replies_do_not_extend_the_time() {
    const WORKERS: usize = 8;

    struct Turns(
        std::sync::mpsc::Sender<()>,
        parking_lot::Mutex<std::sync::mpsc::Receiver<()>>,
    );

    impl Interceptor for Turns {
        fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
            if cx.method() == "echo" {
                let _ = self.0.send(());
                let _ = self.1.lock().recv();
            }
            Ok(())
        }
    }

    let _alone = alone();
    let timeouts = ServerTimeouts::default().write_ms(500);
    let (come, waiting) = std::sync::mpsc::channel();
    let (go, turns) = std::sync::mpsc::channel();
    let turns = Turns(come, turns.into());
    let config = in_any_order(WORKERS).timeouts(timeouts);
    let running = Running::bind_with(&config, |probe| Intercepted::new(probe).with(turns));
    let mut peer = running.peer();
    peer.send(&call("echo", 1, "x").repeat(WORKERS - 1));
    (1..WORKERS).for_each(|_| waiting.recv_timeout(AGES).unwrap());
    peer.send(&call("big", 2, "15000000"));
    eventually("it is answered", || running.stats().replies == 1);
    for _ in 1..WORKERS {
        std::thread::sleep(Duration::from_millis(200));
        if timed_out(&running) > 0 {
            break;
        }
        go.send(()).unwrap();
    }
    let answered = running.stats().replies;
    drop(go);
    assert!(answered < WORKERS as u64, "all were answered in time");
    eventually("it is cut", || timed_out(&running) == 1);
}

fn in_any_order(workers: usize) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::Nonblocking)
        .reply_order(ReplyOrder::Any)
        .workers(workers)
}
