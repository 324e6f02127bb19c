//! T21: a server that stops under load answers what it has taken, refuses the rest, and is in time.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use seapink::Error;
use seapink::client::Pending;

use crate::meter::alone;
use crate::support::{AGES, Caller, Failure, Peer, Reply, Running, SLACK, call, eventually, ways};

const ROUNDS: usize = 10;
const CLIENTS: usize = 4;

/// The texts that were answered, and what became of the other calls.
type Ended = (HashSet<String>, Vec<(String, Error)>);

/// One client that calls until the server stops.
fn caller(client: Caller, number: usize) -> JoinHandle<Ended> {
    thread::spawn(move || {
        let (mut answered, mut failed) = (HashSet::new(), Vec::new());
        for call in 0.. {
            let texts = [0, 1, 2].map(|part| format!("{number}/{call}/{part}"));
            let sent = texts.map(|text| (client.send("keep", &text), text));
            for (sent, text) in sent {
                match sent.and_then(wait) {
                    Ok(reply) => {
                        assert_eq!(reply, text);
                        answered.insert(text);
                    }
                    Err(error) => failed.push((text, error)),
                }
            }
            if !failed.is_empty() {
                break;
            }
        }
        (answered, failed)
    })
}

fn wait(pending: Pending<String, Failure>) -> seapink::Result<String> {
    pending.wait().map_err(Failure::other)
}

/// Connections in every state but idle, with what they wait for.
struct Busy {
    /// Half a call has arrived.
    reading: Peer,
    /// Its handler runs. Not where that blocks an event loop.
    handling: Option<Peer>,
    /// It does not read its replies yet.
    writing: Peer,
}

const BIG: usize = 6_000_000;

impl Busy {
    /// On a server that has nothing else to do yet, so that its counters tell what it has read.
    fn start(running: &Running, may_block: bool) -> Self {
        let mut reading = running.peer();
        reading.call("echo", 1, "x");
        let before = running.stats().bytes_read;
        let half = Self::half();
        reading.send(&half[..50]);
        eventually("it is read", || running.stats().bytes_read >= before + 50);
        let handling = may_block.then(|| {
            let mut peer = running.peer();
            peer.send(&call("wait", 3, "handled"));
            running.handler.until_waiting(1);
            peer
        });
        let mut writing = running.peer();
        let before = running.stats().replies;
        writing.send(&call("big", 4, &BIG.to_string()));
        eventually("it is run", || running.stats().replies > before);
        Self {
            reading,
            handling,
            writing,
        }
    }

    fn half() -> Vec<u8> {
        call("echo", 2, &"read".repeat(100))
    }

    /// Everybody does what they were waited for.
    fn finish(mut self, running: &Running) {
        self.reading.send(&Self::half()[50..]);
        assert_eq!(self.reading.reply(), Reply::new(2, &"read".repeat(100)));
        running.handler.open_gate();
        if let Some(mut handling) = self.handling {
            assert_eq!(handling.reply(), Reply::new(3, "handled"));
        }
        let big = self.writing.reply();
        assert_eq!((big.id, big.result.unwrap().len()), (4, BIG));
    }

    fn count(&self) -> usize {
        2 + usize::from(self.handling.is_some())
    }
}

#[test]
fn t21_no_call_is_lost_that_was_taken_before_the_server_stopped() {
    let _alone = alone();
    for (name, config) in ways() {
        for round in 0..ROUNDS {
            let mut running = Running::bind(&config);
            let mut idle: Vec<_> = (0..3).map(|_| running.peer()).collect();
            idle[0].call("echo", 1, "x");
            let busy = Busy::start(&running, name != "inline");
            let callers: Vec<_> = (0..CLIENTS)
                .map(|number| caller(running.client(), number))
                .collect();
            let enough = 20 * (round as u64 + 1);
            eventually("it is busy", || running.stats().replies > enough);

            let handle = running.handle.clone();
            let stopping = thread::spawn(move || handle.shutdown(AGES));
            eventually("it stops", || running.handle.is_stopping());
            idle.iter_mut().for_each(Peer::until_closed);
            busy.finish(&running);
            assert!(stopping.join().unwrap().is_clean(), "{name}");
            running.stop(AGES);

            let kept = running.handler.kept();
            let mut all = HashSet::new();
            for caller in callers {
                let (answered, failed) = caller.join().unwrap();
                for (text, error) in failed {
                    assert!(
                        !kept.contains_key(&text),
                        "{name}: {text} was run: {error:?}"
                    );
                }
                all.extend(answered);
            }
            let twice = kept.iter().find(|(_, times)| **times > 1);
            assert_eq!(twice, None, "{name}");
            assert_eq!(all, kept.into_keys().collect(), "{name}");
        }
    }
}

#[test]
fn t21_a_stop_ends_by_its_deadline_whoever_does_not() {
    let _alone = alone();
    for (name, config) in ways() {
        let running = Running::bind(&config);
        let mut idle = running.peer();
        idle.call("echo", 1, "x");
        let mut busy = Busy::start(&running, name != "inline");
        let before = running.stats().replies;
        let callers: Vec<_> = (0..CLIENTS)
            .map(|number| caller(running.client(), number))
            .collect();
        eventually("it is busy", || running.stats().replies > before + 100);
        let deadline = Duration::from_millis(300);
        let begun = Instant::now();
        let report = running.handle.shutdown(deadline);
        let took = begun.elapsed();
        assert!(took <= deadline + SLACK, "{name}: {took:?}");
        assert_eq!(report.connections_cut, busy.count(), "{name}");
        idle.until_closed();
        busy.reading.until_closed();
        busy.writing.until_closed();
        if let Some(handling) = &mut busy.handling {
            handling.until_closed();
        }
        for caller in callers {
            let (_, failed) = caller.join().unwrap();
            let kept = running.handler.kept();
            let lost = failed.iter().find(|(text, _)| kept.contains_key(text));
            assert!(lost.is_none(), "{name}: {lost:?}");
        }
        // A second one has nothing left to do.
        assert!(running.handle.shutdown(Duration::ZERO).connections_cut <= busy.count());
        running.handler.open_gate();
        eventually("every handler has returned", || {
            Arc::strong_count(&running.handler) <= 2 || running.stats().calls_running == 0
        });
    }
}
