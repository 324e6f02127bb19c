//! Many calls: neither process takes more memory or descriptors for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Run;
use super::child::Child;
use super::figures::{Figures, Process};
use super::service::{Caller, Reply};

const CONNECTIONS: usize = 8;
const IN_FLIGHT: u64 = 32;

/// A process that has been busy for long holds some pages more or less.
const DRIFT_MAX: u64 = 2 * 1024 * 1024;

/// After this no call begins any more, however many there were to be.
const TIME_MAX: Duration = Duration::from_mins(30);

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let calls = run.of(10_000_000, 60_000);
    for model in run.models(&["thread-pool", "nonblocking"]) {
        let of = &format!("calls {model}");
        let child = Child::start(model, "");
        let callers: Vec<_> = (0..CONNECTIONS)
            .map(|_| Caller::connect(&child.client()))
            .collect();
        let begun = Instant::now();
        // The first tenth brings everything to its size.
        let (first, failed_first) = hammer(&callers, calls / 10, begun);
        let processes = [("server", child.process()), ("client", Process::this())];
        let before = processes
            .each_ref()
            .map(|(_, process)| (process.resident(), process.descriptors()));
        let (rest, failed) = hammer(&callers, calls - calls / 10, begun);
        let all = (calls / 10).next_multiple_of(IN_FLIGHT)
            + (calls - calls / 10).next_multiple_of(IN_FLIGHT);
        figures.equal(of, "calls", first + rest, all);
        let seconds = begun.elapsed().as_secs_f64();
        let rate = (first + rest) as f64 / seconds;
        figures.show(of, "calls in a second", format!("{rate:.0}"));
        figures.equal(of, "calls that failed", failed_first + failed, 0);
        for ((name, process), (resident, descriptors)) in processes.iter().zip(before) {
            let more = process.resident().saturating_sub(resident);
            let name_of = |what: &str| format!("{what} of the {name}");
            figures.at_most(of, &name_of("bytes more"), more, DRIFT_MAX);
            let now = process.descriptors();
            figures.equal(of, &name_of("descriptors"), now, descriptors);
        }
    }
}

/// So many calls by all together. Returns how many were made and how many of them failed.
fn hammer(callers: &[Caller], calls: u64, begun: Instant) -> (u64, u64) {
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for caller in callers {
            scope.spawn(|| {
                while begun.elapsed() < TIME_MAX
                    && next.fetch_add(IN_FLIGHT, Ordering::Relaxed) < calls
                {
                    let sent = (0..IN_FLIGHT).map(|_| caller.send("echo", "some text"));
                    let sent: Vec<_> = sent.collect();
                    let answered = sent
                        .into_iter()
                        .map(|sent| sent.and_then(Reply::wait))
                        .filter(|reply| reply.as_ref().is_ok_and(|text| text == "some text"))
                        .count();
                    failed.fetch_add(IN_FLIGHT - answered as u64, Ordering::Relaxed);
                }
            });
        }
    });
    let made = next.into_inner().min(calls.next_multiple_of(IN_FLIGHT));
    (made, failed.into_inner())
}
