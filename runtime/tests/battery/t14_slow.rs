//! T14: peers that send a few bytes now and then are cut, and cost nobody else anything. That of the
//! TLS handshake is tested with TLS.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::ServerTimeouts;

use crate::meter::alone;
use crate::support::{AGES, Active, Peer, Running, call, eventually, timed_out, ways};

/// Of each kind.
const SLOW: usize = 20;

/// How a peer sends a call: so many bytes at once, and then so many in every so manieth tick.
#[derive(Clone, Copy)]
struct Drip {
    at_once: usize,
    bytes: usize,
    every: usize,
}

const TICK: Duration = Duration::from_millis(10);

/// In the header, in the body, and a big one that moves below the minimum rate.
const DRIPS: [Drip; 3] = [
    Drip {
        at_once: 1,
        bytes: 1,
        every: 5,
    },
    Drip {
        at_once: 30,
        bytes: 1,
        every: 1,
    },
    Drip {
        at_once: 30,
        bytes: 50,
        every: 1,
    },
];

struct Slow {
    peer: Peer,
    drip: Drip,
    sent: usize,
    cut: bool,
}

impl Slow {
    fn new(running: &Running, drip: Drip, call: &[u8]) -> Self {
        let mut peer = running.peer();
        peer.send(&call[..drip.at_once]);
        peer.0.set_nonblocking(true).unwrap();
        Self {
            peer,
            drip,
            sent: drip.at_once,
            cut: false,
        }
    }

    fn tick(&mut self, tick: usize, call: &[u8]) {
        if tick.is_multiple_of(self.drip.every) {
            let next = self.sent + self.drip.bytes;
            self.cut |= self.peer.0.write_all(&call[self.sent..next]).is_err();
            self.sent = next;
        }
        self.cut |= match self.peer.0.read(&mut [0]) {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
    }
}

#[test]
fn t14_messages_that_drip_are_cut_while_others_go_on() {
    let _alone = alone();
    let call = call("echo", 1, &"x".repeat(1_000_000));
    for (name, config) in ways() {
        // 4000 bytes have to move in 200 ms; the fastest of them sends 1000.
        let timeouts = ServerTimeouts::default()
            .header_ms(100)
            .read_ms(200)
            .bytes_per_second_min(20_000);
        let running = Running::bind(&config.timeouts(timeouts));
        let active = Active::start(&running, 4);
        let mut slow: Vec<_> = DRIPS
            .iter()
            .flat_map(|drip| (0..SLOW).map(|_| Slow::new(&running, *drip, &call)))
            .collect();
        let before = running.stats().replies;
        let begun = Instant::now();
        let mut ticks = 0;
        while slow.iter().any(|slow| !slow.cut) {
            assert!(begun.elapsed() < AGES, "{name}: they are not cut");
            for slow in slow.iter_mut().filter(|slow| !slow.cut) {
                slow.tick(ticks, &call);
            }
            ticks += 1;
            thread::sleep(TICK);
        }
        assert!(running.stats().replies > before, "{name}: others wait");
        assert!(active.stop() > 0, "{name}");
        assert_eq!(timed_out(&running), slow.len() as u64, "{name}");
        eventually("all have gone", || running.stats().connections_open == 0);
    }
}
