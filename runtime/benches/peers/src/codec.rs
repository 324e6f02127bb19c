//! The races of the codecs: each workload, encoded and decoded.

use crate::Result;
use crate::arguments::Arguments;
use crate::contestants::{self, Field};
use crate::measure::{Contestant, Figure, Label, race};
use crate::workloads::{Blob, Doubles, Index, Longs, Medium, Small, Workload};

/// The figures of one workload in one direction.
pub struct Table {
    pub workload: &'static str,
    pub task: &'static str,
    /// How long the value is in the binary protocol; a footer, in the compact one.
    pub bytes: usize,
    pub figures: Vec<Figure>,
}

impl Table {
    /// Races those who are asked for. `None` if nobody is.
    pub fn measure(
        workload: &'static str,
        task: &'static str,
        bytes: usize,
        contestants: impl Fn() -> Result<Vec<Contestant>>,
        arguments: &Arguments,
    ) -> Result<Option<Self>> {
        let chosen = || {
            let mut contestants = contestants()?;
            contestants.retain(|one| arguments.chosen(task, &one.label));
            Ok(contestants)
        };
        let figures = race(chosen, arguments.effort())?;
        Ok((!figures.is_empty()).then_some(Self {
            workload,
            task,
            bytes,
            figures,
        }))
    }

    pub fn figure(&self, label: &Label) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.label == *label)
    }
}

/// Runs the races that are asked for, and passes each table on as soon as it is there.
pub fn run(arguments: &Arguments, mut seen: impl FnMut(&Table)) -> Result<Vec<Table>> {
    let workloads: [(&str, Fields); 6] = [
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
        let bytes = field()?.bytes;
        for (task, side) in TASKS {
            let contestants = || field().map(side);
            let table = Table::measure(workload, task, bytes, contestants, arguments)?;
            if let Some(table) = table {
                seen(&table);
                tables.push(table);
            }
        }
    }
    Ok(tables)
}

type Fields = fn() -> Result<Field>;
type Side = fn(Field) -> Vec<Contestant>;

const TASKS: [(&str, Side); 2] = [
    ("encode", |field| field.encode),
    ("decode", |field| field.decode),
];
