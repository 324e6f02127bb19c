//! Ten times as many calls as a server can run: it goes on at its best, refuses the rest, and is as
//! before when that is over.

use std::time::{Duration, Instant};

use seapink::ErrorKind;

use super::Run;
use super::child::Child;
use super::figures::Figures;
use super::load::measure;
use super::open_loop::{self, Report, Schedule};
use super::service::Caller;

/// Microseconds that each call takes.
const WORK: &str = "5000";
const WORKERS: usize = 4;

/// Connections, and calls at the same time on each. Where calls of a connection wait for each other,
/// each caller has its own, as with a pool.
fn callers(model: &str) -> (usize, usize) {
    match model {
        "any-order" => (16, 16),
        _ => (256, 1),
    }
}

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    for model in run.models(&["thread-pool", "nonblocking", "any-order"]) {
        let of = &format!("overload {model}");
        let child = Child::start(model, &format!("workers = {WORKERS}\nqueue = 32"));
        let time = Duration::from_millis(run.of(10_000, 1_000));
        let peak = measure(&child, 2 * WORKERS, time, ("work", WORK)).calls_per_second;
        figures.show(of, "peak, calls in a second", format!("{peak:.0}"));
        let load = |rate, time| load(&child, callers(model), rate, time);
        let before = load(peak / 2.0, time);
        let during = load(peak * 10.0, time);
        let after = load(peak / 2.0, time.min(Duration::from_secs(5)));
        for (name, report) in [("before", &before), ("during", &during), ("after", &after)] {
            show(figures, &format!("{of}, {name}"), report);
        }
        let goodput = during.throughput() / peak;
        let name = "goodput, divided by peak";
        let good = goodput >= 0.9;
        figures.aim(of, name, format!("{goodput:.2}"), "at least 0.9", good);
        let failed: u64 = after.errors.values().sum();
        let name = "calls that fail right after";
        figures.aim(of, name, failed, "0", failed == 0);
        let unknown = during
            .errors
            .iter()
            .filter(|(error, _)| !is_expected(error));
        let unknown: u64 = unknown.map(|(_, count)| count).sum();
        figures.equal(of, "calls that failed in another way", unknown, 0);
    }
}

fn show(figures: &mut Figures, of: &str, report: &Report) {
    let failed: u64 = report.errors.values().sum();
    figures.equal(of, "calls that ended", report.done + failed, report.due);
    figures.show(
        of,
        "answered in a second",
        format!("{:.0}", report.throughput()),
    );
    let [p50, p99] = [50.0, 99.0].map(|percent| report.percentile_us(percent));
    figures.show(of, "p50 and p99 of them", format!("{p50} µs, {p99} µs"));
    figures.show(of, "calls that began late", report.late);
    for (error, count) in &report.errors {
        figures.show(of, &format!("failed: {error}"), count);
    }
}

/// Calls that are due at a rate, each of use for a second.
fn load(
    child: &Child,
    (connections, in_flight): (usize, usize),
    rate: f64,
    duration: Duration,
) -> Report {
    let schedule = Schedule {
        rate,
        duration,
        deadline: Duration::from_secs(1),
    };
    let mut callers = Vec::new();
    for _ in 0..connections {
        let caller = Caller::connect(&child.client());
        callers.extend((0..in_flight).map(|_| {
            let caller = caller.clone();
            move |deadline| work(&caller, deadline)
        }));
    }
    open_loop::run(schedule, callers)
}

fn work(caller: &Caller, deadline: Instant) -> Result<(), String> {
    let caller = Caller(caller.0.clone().with_deadline(deadline));
    match caller.call("work", WORK) {
        Ok(reply) if reply == WORK => Ok(()),
        Ok(_) => Err("wrong answer".to_owned()),
        Err(error) => Err(match error.kind() {
            ErrorKind::Overloaded => "overloaded, not run".to_owned(),
            ErrorKind::Timeout => "timed out".to_owned(),
            kind => format!("{kind:?}"),
        }),
    }
}

fn is_expected(error: &str) -> bool {
    [
        "overloaded, not run",
        "timed out",
        "not begun by its deadline",
    ]
    .contains(&error)
}
