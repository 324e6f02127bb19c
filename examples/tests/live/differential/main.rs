//! Random values and damaged bytes, read and written by Apache's library for C++ and by ours.
//!
//! A value goes to the other side, which reads it and writes it again: the same bytes must come back, the
//! elements of sets and maps in any order. Of damaged bytes, both sides must read the same value, or both
//! refuse them. Every difference needs a reason that is written down in `reasons.rs`.
//!
//! `SEAPINK_VALUES=100000` is how many of both are tried in each protocol.

#[path = "../interop/mod.rs"]
#[allow(dead_code, reason = "each live test uses its part")]
mod interop;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each live test uses its part")]
mod support;

mod peer;
mod reasons;
mod shape;
mod sorted;
mod taken;
mod values;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;

use interop::idl::interop::Everything;
use peer::Peer;
use reasons::Difference;
use seapink::{Binary, Compact, Json, Protocol, from_slice, to_vec};
use sorted::alike;
use support::Result;
use values::Values;

/// How many differences without a reason are shown.
const SHOWN: usize = 10;

const SAME: &str = "the same bytes";

/// How many of 1000 values must come back without any change of order. C++ keeps sets and maps sorted and
/// Rust's have no order; where they happen to agree, nothing else may differ. Short runs had 25 to 33 of
/// 1000 in each of the three protocols, and 100 000 values 29 to 31.
const SAME_MIN_PER_MILLE: usize = 15;
/// How many values the short form has. Of fewer, too few are the same bytes to say anything.
const SHORT: usize = 5_000;

fn count() -> Result<usize> {
    match env::var("SEAPINK_VALUES") {
        Ok(text) => Ok(text.parse()?),
        Err(_) => Ok(SHORT),
    }
}

/// What came of it, by name.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn add(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// Adds a difference to those of its reason.
    fn explain(&mut self, difference: &Difference) {
        match difference.reason() {
            Some(reason) => self.add(reason),
            None => self.unexplained.push(difference.to_string()),
        }
    }

    /// That the bytes of values were often enough the same.
    fn check_same<P: Protocol>(&self, count: usize) -> Result {
        let same = self.counts.get(SAME).copied().unwrap_or_default();
        if count >= SHORT && same * 1000 < count * SAME_MIN_PER_MILLE {
            let name = P::NAME;
            return Err(
                format!("only {same} of {count} values are the same bytes in {name}").into(),
            );
        }
        Ok(())
    }

    fn end<P: Protocol>(self, what: &str) -> Result {
        let mut lines = format!("{} {what}:", P::NAME);
        for (name, count) in &self.counts {
            write!(lines, "\n  {count:>6} {name}")?;
        }
        println!("{lines}");
        if self.unexplained.is_empty() {
            return Ok(());
        }
        let count = self.unexplained.len();
        for difference in self.unexplained.iter().take(SHOWN) {
            println!("{difference}");
        }
        Err(format!("{count} differences without a reason").into())
    }
}

#[test]
fn binary_values_come_back_the_same() -> Result {
    values::<Binary>(0)
}

#[test]
fn compact_values_come_back_the_same() -> Result {
    values::<Compact>(1)
}

#[test]
fn json_values_come_back_the_same() -> Result {
    values::<Json>(2)
}

#[test]
fn damaged_binary_is_read_the_same_or_by_nobody() -> Result {
    damaged::<Binary>(0)
}

#[test]
fn damaged_compact_is_read_the_same_or_by_nobody() -> Result {
    damaged::<Compact>(1)
}

#[test]
fn damaged_json_is_read_the_same_or_by_nobody() -> Result {
    damaged::<Json>(2)
}

fn values<P: Protocol>(number: u8) -> Result {
    let mut peer = Peer::start()?;
    let mut values = Values::new::<P>(number);
    let mut tally = Tally::default();
    let count = count()?;
    for _ in 0..count {
        let value = values.everything();
        let bytes = to_vec::<P>(&value)?;
        let theirs = peer.ask(number, &bytes)?;
        let theirs = theirs.map_err(|error| format!("{error}: {}", bytes.escape_ascii()))?;
        if theirs == bytes {
            tally.add(SAME);
            continue;
        }
        let read: Everything = from_slice::<P, _>(&theirs)
            .map_err(|error| format!("{error}: {}", theirs.escape_ascii()))?;
        if !alike(&read, &value) {
            tally.explain(&Difference::new::<P>(&bytes, &Ok(theirs)));
        } else if counted(&theirs) == counted(&bytes) {
            tally.add("the same bytes, sets and maps in another order");
        } else {
            let (ours, theirs) = (bytes.escape_ascii(), theirs.escape_ascii());
            let difference = format!("{ours}\nis the same value in other bytes:\n{theirs}");
            tally.unexplained.push(difference);
        }
    }
    let checked = tally.check_same::<P>(count);
    tally.end::<P>("values").and(checked)
}

/// How often each byte occurs, which no change of order changes.
fn counted(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    counts
}

fn damaged<P: Protocol>(number: u8) -> Result {
    let mut peer = Peer::start()?;
    let mut values = Values::new::<P>(number);
    let mut tally = Tally::default();
    for _ in 0..count()? {
        // What C++ wrote is in the same order every time.
        let value = to_vec::<P>(&values.everything())?;
        let mut bytes = peer.ask(number, &value)??;
        values.damage(&mut bytes, P::NAME == "json");
        let ours = from_slice::<P, Everything>(&bytes);
        let theirs = peer.ask(number, &bytes)?;
        let same = |theirs: &[u8], ours: &Everything| {
            from_slice::<P, _>(theirs).is_ok_and(|theirs| alike(ours, &theirs))
        };
        match (&ours, &theirs) {
            (Err(_), Err(_)) => tally.add("both refuse"),
            (Ok(ours), Ok(theirs)) if same(theirs, ours) => tally.add("the same value"),
            _ => tally.explain(&Difference::new::<P>(&bytes, &theirs)),
        }
    }
    tally.end::<P>("damaged values")
}
