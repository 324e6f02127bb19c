//! Load that waits for each answer before the next call: as much as a server can do.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::child::Child;
use super::service::Caller;

/// What a server did under such load.
pub(crate) struct Measured {
    pub(crate) calls_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Calls that were not answered.
    pub(crate) failed: u64,
}

/// One caller for each connection, for so long.
pub(crate) fn measure(
    child: &Child,
    connections: usize,
    time: Duration,
    (method, text): (&'static str, &str),
) -> Measured {
    let callers: Vec<_> = (0..connections)
        .map(|_| Caller::connect(&child.client()))
        .collect();
    let begun = Instant::now();
    let end = begun + time;
    let mut all = Histogram::<u64>::new(3).unwrap();
    let mut failed = 0;
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .iter()
            .map(|caller| scope.spawn(move || call_until(end, caller, method, text)))
            .collect();
        for thread in threads {
            let (latency, failures) = thread.join().unwrap();
            all.add(latency).unwrap();
            failed += failures;
        }
    });
    let us = |quantile| all.value_at_quantile(quantile) as f64 / 1000.0;
    Measured {
        calls_per_second: all.len() as f64 / begun.elapsed().as_secs_f64(),
        p50_us: us(0.5),
        p99_us: us(0.99),
        failed,
    }
}

/// In nanoseconds.
fn call_until(
    end: Instant,
    caller: &Caller,
    method: &'static str,
    text: &str,
) -> (Histogram<u64>, u64) {
    let mut latency = Histogram::new(3).unwrap();
    let mut failed = 0;
    let mut now = Instant::now();
    while now < end {
        let answered = caller.call(method, text).is_ok_and(|reply| reply == text);
        let took = now.elapsed();
        now += took;
        if answered {
            let took = u64::try_from(took.as_nanos()).unwrap();
            latency.record(took).unwrap();
        } else {
            failed += 1;
        }
    }
    (latency, failed)
}
