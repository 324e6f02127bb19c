//! T13: connections that wait for their next message cost little, keep nobody waiting, and are closed
//! when they have waited long enough.

use std::time::{Duration, Instant};

use seapink::config::ServerTimeouts;

use crate::meter::{alone, heap};
use crate::support::{Active, Peer, Running, SLACK, eventually, timed_out, ways};

/// Two descriptors each, in this process.
const IDLE: usize = 1_500;

/// What this process may have open, which a shell often bounds to 1024.
fn idle_connections() -> usize {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    IDLE.min((descriptors / 2).saturating_sub(100))
}

#[test]
fn t13_an_idle_connection_costs_little_memory_and_keeps_nobody_waiting() {
    let _alone = alone();
    for (name, config) in ways() {
        let bytes_max = match name {
            "threaded" => continue,
            "thread-pool" => 4096,
            _ => 2048,
        };
        let running = Running::bind(&config);
        // A worker that is busy for good, where there are any.
        let slow = running.client();
        let slow = (name != "inline").then(|| slow.send("wait", "slow").unwrap());
        // The buffers of threads and loops come to their size.
        (0..50).for_each(|_| drop(running.peer().call("echo", 1, "x")));
        eventually("they are gone", || running.stats().connections_open <= 1);

        let count = idle_connections();
        let before = heap();
        let mut idle: Vec<_> = (0..count).map(|_| running.peer()).collect();
        // Half of them have been used.
        for peer in idle.iter_mut().step_by(2) {
            peer.call("echo", 1, "x");
        }
        eventually("all are open", || {
            running.stats().connections_open >= count as u64
        });
        eventually("each costs little", || {
            heap().saturating_sub(before) / count <= bytes_max
        });

        let active = Active::start(&running, 8);
        eventually("calls are answered", || running.stats().replies > 1_000);
        assert!(active.stop() > 0);
        for peer in idle.iter_mut().step_by(101) {
            assert_eq!(peer.call("echo", 5, "awake").id, 5, "{name}");
        }
        assert_eq!(running.stats().connections_failed, 0, "{name}");
        running.handler.open_gate();
        if let Some(slow) = slow {
            assert_eq!(slow.wait().unwrap(), "slow");
        }
    }
}

#[test]
fn t13_the_idle_time_out_closes_all_in_time() {
    const IDLE_MS: u64 = 1_000;
    const PEERS: usize = 200;
    let _alone = alone();
    for (name, config) in ways() {
        let timeouts = ServerTimeouts::default().idle_ms(IDLE_MS);
        let running = Running::bind(&config.timeouts(timeouts));
        let peers: Vec<_> = (0..PEERS)
            .map(|number| {
                let mut since = Instant::now();
                let mut peer = running.peer();
                if number % 2 == 0 {
                    since = Instant::now();
                    peer.call("echo", 1, "x");
                }
                (since, peer)
            })
            .collect();
        let idle = Duration::from_millis(IDLE_MS);
        // In the order in which they end.
        for (since, mut peer) in peers {
            peer.until_closed();
            let waited = since.elapsed();
            assert!(waited >= idle, "{name}: {waited:?}");
            assert!(waited <= idle * 11 / 10 + SLACK, "{name}: {waited:?}");
        }
        eventually("all have gone", || running.stats().connections_open == 0);
        assert_eq!(timed_out(&running), PEERS as u64, "{name}");
    }
}

/// Somebody who is active is never taken for idle.
#[test]
fn t13_active_connections_outlive_the_idle_time_out() {
    let _alone = alone();
    for (name, config) in ways() {
        let timeouts = ServerTimeouts::default().idle_ms(200);
        let running = Running::bind(&config.timeouts(timeouts));
        let mut peer: Peer = running.peer();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            assert_eq!(peer.call("echo", 1, "x").id, 1, "{name}");
        }
        assert_eq!(timed_out(&running), 0, "{name}");
    }
}

/// A buffer is for a connection that somebody reads from, not for one that waits for its turn.
#[test]
fn t13_connections_that_wait_for_a_worker_keep_no_buffers() {
    const WAITING: usize = 300;

    let _alone = alone();
    for (name, config) in ways() {
        if !["thread-pool", "nonblocking"].contains(&name) {
            continue;
        }
        let running = Running::bind(&config.workers(1));
        let busy = running.client();
        let busy = busy.send("wait", "x").unwrap();
        running.handler.until_waiting(1);
        let before = heap();
        let mut peers: Vec<_> = (0..WAITING).map(|_| running.peer()).collect();
        for peer in &mut peers {
            peer.send(&crate::support::call("echo", 1, "x"));
        }
        eventually("they wait", || {
            running.stats().calls_queued == WAITING as u64
        });
        let each = heap().saturating_sub(before) / WAITING;
        assert!(each <= 8 * 1024, "{name}: {each} bytes for each");
        running.handler.open_gate();
        for peer in &mut peers {
            assert_eq!(peer.reply().id, 1, "{name}");
        }
        busy.wait().unwrap();
    }
}
