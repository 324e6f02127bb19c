//! Calls that are due at a fixed rate, whether or not earlier ones have come back.
//!
//! A caller that sends its next call when the last one has come back slows down with the server, and
//! so hides from its figures the calls that it should have made meanwhile. Here each call has a time
//! at which it is due, and its latency is counted from then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// A call that begins so much after it was due is late: all callers were busy.
const LATE: Duration = Duration::from_millis(5);

/// When calls are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// Calls in a second.
    pub(crate) rate: f64,
    /// For how long.
    pub(crate) duration: Duration,
    /// How long after it was due a call is of use. One that could not begin by then is not made.
    pub(crate) deadline: Duration,
}

/// What became of the calls.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Calls that were due.
    pub(crate) due: u64,
    /// Calls that were made.
    pub(crate) sent: u64,
    /// Calls that were answered.
    pub(crate) done: u64,
    /// Calls that began late, or not at all.
    pub(crate) late: u64,
    /// The others, by what went wrong.
    pub(crate) errors: BTreeMap<String, u64>,
    /// From the first call to the end of the last.
    pub(crate) elapsed: Duration,
    /// Microseconds from when an answered call was due to its answer.
    pub(crate) latency_us: Histogram<u64>,
}

impl Report {
    fn new() -> Self {
        Self {
            due: 0,
            sent: 0,
            done: 0,
            late: 0,
            errors: BTreeMap::new(),
            elapsed: Duration::ZERO,
            // Three digits of any time: it grows as it needs to.
            latency_us: Histogram::new(3).expect("three digits are allowed"),
        }
    }

    fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.done += other.done;
        self.late += other.late;
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
        self.latency_us
            .add(&other.latency_us)
            .expect("a histogram that grows has room");
    }

    /// Answered calls in a second.
    #[allow(clippy::cast_precision_loss, reason = "a figure to look at")]
    pub(crate) fn throughput(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Microseconds within which so many in a hundred answered calls came back.
    pub(crate) fn percentile_us(&self, percent: f64) -> u64 {
        self.latency_us.value_at_quantile(percent / 100.0)
    }
}

/// Makes the calls of a schedule, each by the first caller that is free when it is due. A caller gets
/// the time by which its call is to be over, and says in a few words what went wrong.
pub(crate) fn run<C>(schedule: Schedule, callers: Vec<C>) -> Report
where
    C: FnMut(Instant) -> Result<(), String> + Send,
{
    let next = AtomicU32::new(0);
    let begun = Instant::now();
    let mut report = Report::new();
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .into_iter()
            .map(|caller| scope.spawn(|| take_part(schedule, begun, &next, caller)))
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(part) => report.add(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    report.elapsed = begun.elapsed();
    report
}

fn take_part(
    schedule: Schedule,
    begun: Instant,
    next: &AtomicU32,
    mut caller: impl FnMut(Instant) -> Result<(), String>,
) -> Report {
    let mut report = Report::new();
    loop {
        let number = f64::from(next.fetch_add(1, Ordering::Relaxed));
        let after = Duration::from_secs_f64(number / schedule.rate);
        if after >= schedule.duration {
            return report;
        }
        let due = begun + after;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        report.due += 1;
        report.late += u64::from(due.elapsed() > LATE);
        let result = if due.elapsed() < schedule.deadline {
            report.sent += 1;
            caller(due + schedule.deadline)
        } else {
            Err("not begun by its deadline".to_owned())
        };
        match result {
            Ok(()) => {
                let us = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                let recorded = report.latency_us.record(us);
                recorded.expect("a histogram that grows has room");
                report.done += 1;
            }
            Err(error) => *report.errors.entry(error).or_default() += 1,
        }
    }
}
