//! Graceful stops under load: what was run is answered, and what was not run is safe to call again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::Delivery;

use super::Run;
use super::child::Child;
use super::figures::Figures;
use super::service::{Caller, Reply};

const CONNECTIONS: usize = 8;
const IN_FLIGHT: usize = 3;
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Ended {
    answered: AtomicUsize,
    /// Calls that say that they were not run.
    refused: AtomicUsize,
    /// Calls that were sent when the server had stopped reading: nobody can know.
    unknown: AtomicUsize,
}

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let stops = run.of(100, 10);
    let models = run.models(&[
        "threaded",
        "thread-pool",
        "nonblocking",
        "inline",
        "any-order",
    ]);
    let of = "stops";
    let (mut answered, mut lost, mut repeated, mut cut, mut late) = (0, 0, 0, 0, 0);
    let mut sums = [0; 2];
    let mut longest = Duration::ZERO;
    for round in 0..stops {
        let mut child = Child::start(models[round % models.len()], "");
        let ended = Ended::default();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                let caller = Caller::connect(&child.client());
                let (ended, next) = (&ended, &next);
                scope.spawn(move || hammer(&caller, next, ended));
            }
            thread::sleep(Duration::from_millis(20 + round as u64 % 50));
            let begun = Instant::now();
            cut += child.stop(DEADLINE);
            longest = longest.max(begun.elapsed());
            late += usize::from(begun.elapsed() > DEADLINE + Duration::from_secs(1));
        });
        let (seen, twice) = child.tokens();
        let of_round = ended.answered.into_inner();
        answered += of_round;
        // Whatever was answered was run, so what is more was run and not answered.
        lost += seen.abs_diff(of_round);
        repeated += twice;
        sums[0] += ended.refused.into_inner();
        sums[1] += ended.unknown.into_inner();
    }
    figures.show(of, "stops", stops);
    figures.show(of, "calls that were answered", answered);
    figures.show(of, "calls that were refused and not run", sums[0]);
    figures.show(
        of,
        "calls sent when the server had stopped reading",
        sums[1],
    );
    figures.show(of, "longest stop", format!("{} ms", longest.as_millis()));
    figures.equal(of, "calls that were run and not answered", lost, 0);
    figures.equal(of, "calls that ran twice", repeated, 0);
    figures.equal(of, "connections that were cut", cut, 0);
    figures.equal(of, "stops past their deadline", late, 0);
}

/// Calls until the server is gone.
fn hammer(caller: &Caller, next: &AtomicUsize, ended: &Ended) {
    loop {
        let texts: Vec<_> = (0..IN_FLIGHT)
            .map(|_| format!("{}/x", next.fetch_add(1, Ordering::Relaxed)))
            .collect();
        let sent: Vec<_> = texts
            .iter()
            .map(|text| caller.send("token", text))
            .collect();
        let mut gone = false;
        for (sent, text) in sent.into_iter().zip(&texts) {
            let counter = match sent.and_then(Reply::wait) {
                Ok(reply) => {
                    assert_eq!(&reply, text);
                    &ended.answered
                }
                Err(error) => {
                    gone = true;
                    if error.is_retryable() || error.delivery() == Delivery::NotSent {
                        &ended.refused
                    } else {
                        &ended.unknown
                    }
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if gone {
            return;
        }
    }
}
