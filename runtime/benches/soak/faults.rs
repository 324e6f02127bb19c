//! Calls through a proxy that does everything wrong: each gets its own reply or an error, once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::{PoolConfig, ReconnectConfig};

use super::Run;
use super::child::Child;
use super::figures::Figures;
use super::proxy;
use super::service::{Caller, Reply};

const THREADS: usize = 32;

/// Calls that do not come back by then are given up.
const CALL_MS: u64 = 200;

/// After this no call begins any more, however many there were to be.
const TIME_MAX: Duration = Duration::from_mins(30);

#[derive(Default)]
struct Ended {
    answered: usize,
    wrong: usize,
    errors: BTreeMap<String, usize>,
}

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let calls = run.of(1_000_000, 20_000);
    for model in run.models(&["threaded", "thread-pool", "nonblocking", "any-order"]) {
        let of = &format!("faults {model}");
        let mut child = Child::start(model, "");
        let (address, faults) = proxy::start(child.address(), 5, 7);
        let pool = PoolConfig::default()
            .connections_max(8)
            .calls_per_connection(8);
        // Nobody is refused for long here.
        let reconnect = ReconnectConfig::default().min_ms(1).max_ms(5);
        let mut config = child.client().pool(pool).reconnect(reconnect);
        config.connect = address;
        let caller = Caller::connect(&config);
        let next = AtomicUsize::new(0);
        let end = Instant::now() + run.of(TIME_MAX, Duration::from_secs(3));
        let mut all = Ended::default();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| hammer(&caller, &next, calls, end)))
                .collect();
            for thread in threads {
                let ended = thread.join().unwrap();
                all.answered += ended.answered;
                all.wrong += ended.wrong;
                for (error, count) in ended.errors {
                    *all.errors.entry(error).or_default() += count;
                }
            }
        });
        let begun = next.into_inner().min(calls);
        let (seen, repeated) = child.tokens();
        figures.show(of, "calls", begun);
        figures.show(of, "faults", faults.count());
        figures.show(of, "calls that were answered", all.answered);
        for (error, count) in &all.errors {
            figures.show(of, &format!("calls that failed: {error}"), count);
        }
        let failed: usize = all.errors.values().sum();
        let ended = all.answered + all.wrong + failed;
        figures.equal(of, "calls that ended", ended, begun);
        figures.equal(of, "replies to the wrong caller", all.wrong, 0);
        figures.equal(of, "calls that ran twice", repeated, 0);
        let answered_only = all.answered.saturating_sub(seen);
        figures.equal(of, "calls answered that did not run", answered_only, 0);
        let half = begun / 2;
        figures.at_most(of, "calls that failed", failed, half);
    }
}

fn hammer(caller: &Caller, next: &AtomicUsize, calls: usize, end: Instant) -> Ended {
    let caller = Caller(
        caller
            .0
            .clone()
            .with_timeout(Duration::from_millis(CALL_MS)),
    );
    let mut ended = Ended::default();
    while Instant::now() < end {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= calls {
            break;
        }
        let token = format!("{number}/{}", "x".repeat(number % 7 * 100));
        // Every third by the way for those who have several calls in flight.
        let reply = match number % 3 {
            0 => caller.send("token", &token).and_then(Reply::wait),
            _ => caller.call("token", &token),
        };
        match reply {
            Ok(reply) if reply == token => ended.answered += 1,
            Ok(_) => ended.wrong += 1,
            Err(error) => {
                let error = format!("{:?}, {:?}", error.kind(), error.delivery());
                *ended.errors.entry(error).or_default() += 1;
            }
        }
    }
    ended
}
