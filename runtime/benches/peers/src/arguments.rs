//! What to run and how thoroughly.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::measure::{Effort, Label};
use crate::workloads;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The structs of `idl/bench.thrift`, in all formats.
    Codec,
    /// Footers of Parquet files.
    Parquet,
    /// Servers and their connections.
    Calls,
}

/// Compares Seapink with other codecs, in turns within one run.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// What to compare; everything if nothing is named.
    #[arg(value_enum)]
    pub parts: Vec<Part>,

    /// Only these workloads.
    #[arg(long, value_delimiter = ',', value_parser = workloads::NAMES)]
    pub only: Vec<String>,

    /// Only contestants with one of these words: `binary,memcpy`. Given again, narrows further:
    /// `--filter decode --filter seapink,pilota`.
    #[arg(long)]
    pub filter: Vec<String>,

    /// A few rounds, for a first impression.
    #[arg(long)]
    pub quick: bool,

    /// So many rounds in each heat.
    #[arg(long)]
    pub rounds: Option<usize>,

    /// Is a server itself, until it is killed: what a run of `calls` starts.
    #[arg(long, hide = true)]
    pub serve: Option<String>,

    /// Writes `docs/benchmarks.md` and its chart, which takes a run of everything.
    #[arg(long, conflicts_with_all = ["parts", "only", "filter"])]
    pub write: bool,
}

impl Arguments {
    pub fn includes(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }

    pub fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == workload)
    }

    pub fn chosen(&self, task: &str, label: &Label) -> bool {
        let name = format!("{task} {label}");
        let fits = |filter: &String| filter.split(',').any(|word| name.contains(word));
        self.filter.iter().all(fits)
    }

    /// Rounds in which servers take turns, and how long a turn is.
    pub fn turns(&self) -> (usize, Duration) {
        let (rounds, ms) = if self.quick { (3, 150) } else { (9, 300) };
        (
            self.rounds.unwrap_or(rounds).max(1),
            Duration::from_millis(ms),
        )
    }

    pub fn effort(&self) -> Effort {
        let (heats, rounds) = if self.quick { (2, 11) } else { (7, 21) };
        Effort {
            heats,
            rounds: self.rounds.unwrap_or(rounds).max(1),
            slice: Duration::from_micros(1500),
        }
    }
}
