//! Tables for a terminal.

#![allow(clippy::print_stdout, reason = "this is what the program is for")]

use super::aims::Verdict;
use super::ratio;
use crate::codec::Table;

/// One line for each contestant: time, how often Seapink fits into it, and allocations.
pub fn print(table: &Table) {
    println!("{} {} ({} bytes)", table.task, table.workload, table.bytes);
    println!(
        "  {:<32}{:>12}{:>12}{:>12}{:>12}",
        "", "ns", "× seapink", "allocations", "bytes"
    );
    for figure in &table.figures {
        let ratio = ratio(table, figure).map_or(String::new(), |ratio| format!("{ratio:.2}"));
        println!(
            "  {:<32}{:>12.1}{ratio:>12}{:>12}{:>12}",
            figure.label.to_string(),
            figure.ns,
            figure.allocations.count,
            figure.allocations.bytes
        );
    }
    println!();
}

/// The aims of which both sides have run.
pub fn print_aims(aims: &[Verdict]) {
    for aim in aims {
        if let Some(measured) = &aim.measured {
            let reached = if aim.reached { "reached" } else { "missed" };
            let (what, most) = (&aim.what, &aim.most);
            println!("{what:<46} {most:<34} {measured:>8} {reached}");
        }
    }
}
