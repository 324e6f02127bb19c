//! The cross tests of the reference: its programs in five languages, as servers and as clients, against
//! ours. Not tests of libtest, since they are hundreds, run two at a time, and make a table.
//!
//! ```console
//! cargo test -p seapink-examples --features live --test live_cross                  # the short form
//! cargo test -p seapink-examples --features live --test live_cross -- --all         # the whole matrix
//! cargo test -p seapink-examples --features live --test live_cross -- --all go http # cells with these words
//! ```

mod cell;
mod features;
mod keys;
mod known;
mod launched;
mod namespace;
mod offer;
mod peers;
mod plan;
mod report;
mod run;
mod source;
#[allow(dead_code, reason = "each live test uses its part")]
#[path = "../support/mod.rs"]
mod support;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use clap::Parser;

use cell::Cell;
use known::{Known, Verdict};
use run::{Failed, Runner};
use support::Result;

/// Runs the cross tests.
#[derive(Parser)]
struct Arguments {
    /// Every cell that a peer has, which takes about a quarter of an hour.
    #[arg(long)]
    all: bool,
    /// How many cells run at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only cells with all of these words, such as a peer, a side or a transport.
    words: Vec<String>,
    /// Where the network is one's own; set by the program itself.
    #[arg(long, hide = true)]
    inside: bool,
}

/// A cell, and what has gone wrong with it.
type Outcome = (Cell, Option<Failed>);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let fine = if arguments.inside {
        cross(&arguments)
    } else {
        prepare()
    };
    match fine {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Fetches and builds everything, and goes on where servers cannot be reached from elsewhere: most of
/// theirs listen at all addresses of the machine.
fn prepare() -> Result<bool> {
    peers::build_ours()?;
    peers::all()?;
    namespace::enter()
}

fn cross(arguments: &Arguments) -> Result<bool> {
    let peers = peers::all()?;
    let known = Known::read()?;
    let cells = plan::plan(&peers, &known, arguments.all)?;
    let cells: Vec<Cell> = cells
        .into_iter()
        .filter(|cell| arguments.words.iter().all(|word| cell.has(word)))
        .collect();
    println!("{} cells", cells.len());
    let outcomes = run_all(&Runner::new(peers)?, &known, cells, arguments.jobs);
    let features = if arguments.words.is_empty() {
        features::run()?
    } else {
        Vec::new()
    };
    let verdicts: Vec<Verdict> = outcomes
        .into_iter()
        .map(|(cell, failure)| known.judge(cell, failure))
        .collect();
    let stale = if arguments.all && arguments.words.is_empty() {
        known.unused(&verdicts)
    } else {
        Vec::new()
    };
    report::print(&verdicts, &features, &stale);
    let fine = report::is_fine(&verdicts, &features, &stale);
    let whole = arguments.all && arguments.words.is_empty();
    if fine && whole && std::env::var_os("BLESS").is_some() {
        report::bless(&peers::all()?, &verdicts, &features)?;
    }
    Ok(fine)
}

/// Runs a cell, and once more if the list says what it does pass with.
fn run_one(runner: &Runner, known: &Known, cell: &Cell) -> Option<Failed> {
    let failed = runner.run(cell, None).err()?;
    let with = known.rule(cell).and_then(|rule| rule.with.as_deref());
    match with.map(|option| runner.run(cell, Some(option))) {
        Some(Err(mut failed)) => {
            failed.even_so = true;
            Some(failed)
        }
        _ => Some(failed),
    }
}

/// Runs cells, some at a time, and returns what has gone wrong with those that failed. What was only
/// late runs once more, alone: the machine may have been busy.
fn run_all(runner: &Runner, known: &Known, cells: Vec<Cell>, jobs: usize) -> Vec<Outcome> {
    let waiting = Mutex::new(VecDeque::from(cells));
    let done = Mutex::new(Vec::new());
    let next = || waiting.lock().ok().and_then(|mut cells| cells.pop_front());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(cell) = next() {
                    let failure = run_one(runner, known, &cell);
                    if let Ok(mut done) = done.lock() {
                        done.push((cell, failure));
                    }
                }
            });
        }
    });
    let mut done: Vec<Outcome> = done.into_inner().unwrap_or_default();
    for (cell, failure) in &mut done {
        let was_late = failure.as_ref().is_some_and(|failure| failure.is_late);
        if was_late && known.rule(cell).is_none() {
            println!("{cell} was late, and runs again");
            *failure = runner.run(cell, None).err();
        }
    }
    done.sort_by_cached_key(|(cell, _)| cell.to_string());
    done
}
