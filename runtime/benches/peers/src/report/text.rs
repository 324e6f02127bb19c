//! Tables for a terminal.

use super::baseline;
use crate::codec::Table;

/// One line for each contestant: time, how often Seapink fits into it, and allocations.
#[allow(clippy::print_stdout, reason = "this is what the program is for")]
pub fn print(table: &Table) {
    println!("{} {}", table.task, table.workload);
    println!(
        "  {:<32}{:>12}{:>12}{:>12}{:>12}",
        "", "ns", "× seapink", "allocations", "bytes"
    );
    for figure in &table.figures {
        let ratio = baseline(&table.figures, figure)
            .map_or(String::new(), |ours| format!("{:.2}", figure.ns / ours.ns));
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
