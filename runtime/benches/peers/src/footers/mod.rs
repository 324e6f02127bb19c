//! Footers of Parquet files: the largest structs of the compact protocol that many programs read, and
//! read by a parser that was written by hand for nothing else.
//!
//! The IDL is fetched when this is built. Without it there is nothing to compare.

#[cfg(footers)]
mod file;
#[cfg(footers)]
mod readers;

use crate::Result;
use crate::arguments::Arguments;
use crate::codec::Table;

/// The crate `parquet`.
pub const PARQUET: &str = "parquet";

/// Whether `build.rs` could fetch Parquet's IDL.
pub const PRESENT: bool = cfg!(footers);

#[cfg(footers)]
pub fn run(arguments: &Arguments, mut seen: impl FnMut(&Table)) -> Result<Vec<Table>> {
    const TASK: &str = "decode";
    const SIZES: [(&str, usize); 3] = [
        ("footer-10", 10),
        ("footer-100", 100),
        ("footer-1000", 1000),
    ];
    let mut tables = Vec::new();
    for (workload, columns) in SIZES {
        if !arguments.wants(workload) {
            continue;
        }
        let footer = file::footer(columns).map_err(|error| format!("{workload}: {error}"))?;
        let contestants = || readers::contestants(&footer);
        let table = Table::measure(workload, TASK, footer.len(), contestants, arguments)?;
        if let Some(table) = table {
            seen(&table);
            tables.push(table);
        }
    }
    Ok(tables)
}

#[cfg(not(footers))]
#[allow(clippy::unnecessary_wraps, reason = "as where the IDL is present")]
pub fn run(_: &Arguments, _: impl FnMut(&Table)) -> Result<Vec<Table>> {
    Ok(Vec::new())
}
