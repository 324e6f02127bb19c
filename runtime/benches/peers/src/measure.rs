//! Contestants take turns, so that whatever slows the machine down slows all of them down.
//!
//! In each round, every contestant runs for a millisecond or two; the next round starts with the next
//! contestant. What counts is the median of the rounds. Why not one contestant after the other, as
//! benchmark harnesses do? Between two such blocks a shared machine changes by more than what is
//! compared here.
//!
//! After some rounds, a heat, everything is made anew elsewhere in memory: where buffers happen to lie
//! makes a copy of a megabyte up to twice as slow.

use std::time::{Duration, Instant};

use crate::Result;
use crate::allocations::{Allocations, counted};

/// One way to do a task: a loop of so many operations.
pub struct Contestant {
    pub label: Label,
    run: Box<dyn FnMut(u64)>,
}

/// What a contestant is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Whose code it is: `seapink`, `pilota`.
    pub peer: &'static str,
    /// `None` for formats that are not Thrift's.
    pub protocol: Option<&'static str>,
    /// What is special: `recycled`, `unchecked`. Empty for what one would do first.
    pub how: &'static str,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.peer)?;
        let words = [self.protocol.unwrap_or_default(), self.how];
        words
            .iter()
            .filter(|word| !word.is_empty())
            .try_for_each(|word| write!(f, " {word}"))
    }
}

impl Contestant {
    pub fn new(label: Label, run: impl FnMut(u64) + 'static) -> Self {
        Self {
            label,
            run: Box::new(run),
        }
    }
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub heats: usize,
    /// In each heat.
    pub rounds: usize,
    /// What a contestant gets in a round.
    pub slice: Duration,
}

/// What was found about a contestant.
#[derive(Clone, Debug)]
pub struct Figure {
    pub label: Label,
    /// Median time of an operation.
    pub ns: f64,
    pub allocations: Allocations,
}

/// Measures contestants against each other; figures come in their order. Each heat asks for new ones.
pub fn race(
    mut contestants: impl FnMut() -> Result<Vec<Contestant>>,
    effort: Effort,
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut times: Vec<Vec<f64>> = Vec::new();
    for number in 0..effort.heats {
        // Never freed, so that what comes lies elsewhere than before.
        std::mem::forget(vec![0_u8; number * 1_361]);
        let mut contestants = contestants()?;
        times.resize_with(contestants.len(), Vec::new);
        let allocations = heat(&mut contestants, effort, &mut times);
        if number == 0 {
            let labels = contestants.into_iter().map(|contestant| contestant.label);
            figures = labels.zip(allocations).collect();
        }
    }
    let figures = figures.into_iter().zip(&mut times);
    let figures = figures.map(|((label, allocations), times)| Figure {
        label,
        ns: median(times),
        allocations,
    });
    Ok(figures.collect())
}

/// Adds a time of each round, and says what an operation of each contestant allocates.
fn heat(
    contestants: &mut [Contestant],
    effort: Effort,
    times: &mut [Vec<f64>],
) -> Vec<Allocations> {
    let loops: Vec<u64> = contestants
        .iter_mut()
        .map(|contestant| calibrate(contestant, effort.slice))
        .collect();
    let allocations = contestants
        .iter_mut()
        .map(|contestant| counted(|| (contestant.run)(1)))
        .collect();
    for round in 0..effort.rounds {
        for turn in 0..contestants.len() {
            let index = (round + turn) % contestants.len();
            let spent = timed(&mut contestants[index], loops[index]);
            times[index].push(per_operation(spent, loops[index]));
        }
    }
    allocations
}

/// How many operations fill a slice. Warms up on the way.
fn calibrate(contestant: &mut Contestant, slice: Duration) -> u64 {
    let mut loops = 1;
    loop {
        let spent = timed(contestant, loops);
        if spent * 4 >= slice {
            let fitting = slice.as_secs_f64() * 1e9 / per_operation(spent, loops);
            return whole(fitting).max(1);
        }
        loops *= 2;
    }
}

fn timed(contestant: &mut Contestant, loops: u64) -> Duration {
    let started = Instant::now();
    (contestant.run)(loops);
    started.elapsed()
}

#[allow(clippy::cast_precision_loss, reason = "loops are far below 2^53")]
fn per_operation(spent: Duration, loops: u64) -> f64 {
    spent.as_secs_f64() * 1e9 / loops as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of loops"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
