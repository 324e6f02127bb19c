//! What to run and how thoroughly.

use std::time::Duration;

use clap::Parser;

use crate::measure::{Effort, Label};
use crate::workloads;

/// Compares Seapink with other codecs, in turns within one run.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Only these workloads: small, medium, index, blob, longs, doubles.
    #[arg(long, value_delimiter = ',', value_parser = workloads::NAMES)]
    pub only: Vec<String>,

    /// Only contestants with one of these words: `binary,memcpy`. Given again, narrows further:
    /// `--filter decode --filter seapink,pilota`.
    #[arg(long)]
    pub filter: Vec<String>,

    /// A few rounds, for a first impression.
    #[arg(long)]
    pub quick: bool,

    /// So many rounds.
    #[arg(long)]
    pub rounds: Option<usize>,
}

impl Arguments {
    pub fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == workload)
    }

    pub fn chosen(&self, task: &str, label: &Label) -> bool {
        let name = format!("{task} {label}");
        let fits = |filter: &String| filter.split(',').any(|word| name.contains(word));
        self.filter.iter().all(fits)
    }

    pub fn effort(&self) -> Effort {
        let rounds = if self.quick { 21 } else { 101 };
        Effort {
            rounds: self.rounds.unwrap_or(rounds).max(1),
            slice: Duration::from_micros(1500),
        }
    }
}
