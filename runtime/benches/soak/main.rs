//! Long runs of servers and clients, each bounded in time and number: what they cost, and that nothing
//! is lost, mixed up or left behind.
//!
//! ```console
//! cargo bench -p seapink --bench soak -- all --quick     # half a minute, as CI does
//! cargo bench -p seapink --bench soak -- idle            # or another of the parts, in full
//! ```
//!
//! The server is a process of its own, so that its memory can be told from that of the load. Each
//! figure is a line. The program fails when something is lost or left behind; figures that depend on
//! the machine fail it only with `--strict`.

#![allow(clippy::unwrap_used, reason = "a bench that fails may panic")]
#![allow(clippy::print_stdout, missing_docs, reason = "a program")]
#![allow(clippy::cast_precision_loss, reason = "figures to look at")]

mod calls;
mod child;
mod deadlines;
mod faults;
mod figures;
mod idle;
mod load;
mod models;
#[path = "../../../examples/load/open_loop.rs"]
mod open_loop;
mod overload;
mod proxy;
mod service;
mod stops;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use figures::Figures;

#[allow(clippy::struct_excessive_bools, reason = "options")]
#[derive(Parser)]
#[command(about = "Long runs of servers and clients")]
struct Arguments {
    /// What to run.
    #[arg(value_enum)]
    part: Part,
    /// The configuration of the server, when this is the server's process.
    #[arg(hide = true)]
    config: Option<String>,
    /// A few seconds for each part.
    #[arg(long)]
    quick: bool,
    /// Fail also when the machine is too slow.
    #[arg(long)]
    strict: bool,
    /// One of the ways to serve: threaded, thread-pool, nonblocking, inline or any-order.
    #[arg(long)]
    model: Option<String>,
    /// Write the table of `models` into docs/choosing-a-model.md.
    #[arg(long)]
    write: bool,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One after the other.
    All,
    /// 10 000 idle connections beside 16 active ones.
    Idle,
    /// 1 000 000 calls through a proxy that delays, cuts, resets, drips and half-closes.
    Faults,
    /// 10 000 000 calls.
    Calls,
    /// 100 graceful stops under load.
    Stops,
    /// Ten times as many calls as the server can run.
    Overload,
    /// How late calls end whose server does not answer in time.
    Deadlines,
    /// Throughput and latency of each model.
    Models,
    /// The server's process.
    #[value(hide = true)]
    Serve,
}

type Start = fn(&Run, &mut Figures);

/// How a part is to be run.
pub(crate) struct Run {
    pub(crate) quick: bool,
    pub(crate) write: bool,
    model: Option<String>,
}

impl Run {
    /// The number for a full run, or that for a quick one.
    pub(crate) fn of<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// These ways to serve, or the one that was asked for.
    pub(crate) fn models(&self, models: &'static [&'static str]) -> Vec<&str> {
        match &self.model {
            Some(model) => vec![model],
            None => models.to_vec(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.part == Part::Serve {
        child::serve(&arguments.config.unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let run = Run {
        quick: arguments.quick,
        write: arguments.write,
        model: arguments.model,
    };
    let mut figures = Figures::new(arguments.strict);
    let parts: [(Part, Start); 7] = [
        (Part::Idle, idle::run),
        (Part::Faults, faults::run),
        (Part::Calls, calls::run),
        (Part::Stops, stops::run),
        (Part::Overload, overload::run),
        (Part::Deadlines, deadlines::run),
        (Part::Models, models::run),
    ];
    for (part, start) in parts {
        if [part, Part::All].contains(&arguments.part) {
            start(&run, &mut figures);
        }
    }
    figures.end()
}
