//! The races of the codecs: each workload, encoded and decoded.

use crate::arguments::Arguments;
use crate::contestants::{self, Field, Result};
use crate::measure::{Contestant, Figure, race};
use crate::workloads::{Blob, Doubles, Index, Longs, Medium, Small, Workload};

/// The figures of one workload in one direction.
pub struct Table {
    pub workload: &'static str,
    pub task: &'static str,
    pub figures: Vec<Figure>,
}

/// Runs the races that are asked for, and passes each table on as soon as it is there.
pub fn run(arguments: &Arguments, mut seen: impl FnMut(&Table)) -> Result<Vec<Table>> {
    let workloads: [(&str, fn() -> Result<Field>); 6] = [
        (Small::NAME, contestants::field::<Small>),
        (Medium::NAME, contestants::field::<Medium>),
        (Index::NAME, contestants::field::<Index>),
        (Blob::NAME, contestants::field::<Blob>),
        (Longs::NAME, contestants::field::<Longs>),
        (Doubles::NAME, contestants::field::<Doubles>),
    ];
    let mut tables = Vec::new();
    for (workload, field) in workloads {
        if !arguments.wants(workload) {
            continue;
        }
        let field = field()?;
        for (task, contestants) in [("encode", field.encode), ("decode", field.decode)] {
            let keep = |one: &Contestant| arguments.chosen(task, &one.label);
            let mut contestants: Vec<_> = contestants.into_iter().filter(keep).collect();
            if contestants.is_empty() {
                continue;
            }
            let figures = race(&mut contestants, arguments.effort());
            let table = Table {
                workload,
                task,
                figures,
            };
            seen(&table);
            tables.push(table);
        }
    }
    Ok(tables)
}
