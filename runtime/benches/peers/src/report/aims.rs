//! What Seapink is to reach, as ratios of two medians of one run.

use crate::codec::Table;
use crate::contestants::{apache, bincode, copy, cpp, pilota, seapink};
use crate::footers;
use crate::measure::{Figure, Label};

/// An aim, and what was measured.
pub struct Verdict {
    pub what: String,
    pub most: String,
    /// `None` if one of the sides was not there.
    pub measured: Option<String>,
    pub reached: bool,
}

/// Our time divided by that of another.
struct Aim {
    task: &'static str,
    workload: &'static str,
    protocol: &'static str,
    /// Which of our ways may be compared; the fastest is.
    ways: &'static [&'static str],
    theirs: Label,
    most: f64,
}

const FRESH: &[&str] = &[""];
const AGAIN_OR_VIEW: &[&str] = &["recycled", "view"];

const fn thrift(peer: &'static str, protocol: &'static str, how: &'static str) -> Label {
    Label {
        peer,
        protocol: Some(protocol),
        how,
    }
}

const fn other(peer: &'static str) -> Label {
    Label {
        peer,
        protocol: None,
        how: "",
    }
}

const fn aim(
    (task, workload, protocol): (&'static str, &'static str, &'static str),
    ways: &'static [&'static str],
    theirs: Label,
    most: f64,
) -> Aim {
    Aim {
        task,
        workload,
        protocol,
        ways,
        theirs,
        most,
    }
}

#[rustfmt::skip] // a table
const AIMS: [Aim; 15] = [
    aim(("encode", "medium", "binary"), FRESH, thrift(pilota::PEER, "binary", "unchecked"), 0.4),
    aim(("encode", "medium", "binary"), FRESH, thrift(apache::PEER, "binary", ""), 0.07),
    aim(("encode", "medium", "compact"), FRESH, thrift(cpp::PEER, "compact", ""), 0.35),
    aim(("encode", "longs", "binary"), FRESH, other(copy::PEER), 1.5),
    aim(("encode", "doubles", "binary"), FRESH, other(copy::PEER), 1.5),
    aim(("decode", "medium", "binary"), FRESH, thrift(pilota::PEER, "binary", "unchecked"), 0.65),
    aim(("decode", "medium", "binary"), FRESH, other(bincode::PEER), 1.0),
    aim(("decode", "medium", "binary"), AGAIN_OR_VIEW, thrift(apache::PEER, "binary", ""), 0.12),
    aim(("decode", "index", "binary"), FRESH, thrift(pilota::PEER, "binary", ""), 0.8),
    aim(("decode", "longs", "compact"), FRESH, thrift(cpp::PEER, "compact", ""), 0.5),
    aim(("decode", "footer-1000", "compact"), FRESH, thrift(footers::PARQUET, "compact", ""), 0.75),
    aim(("decode", "footer-1000", "compact"), &["view"], thrift(footers::PARQUET, "compact", ""), 0.4),
    aim(("decode", "footer-1000", "compact"), &["projected"], thrift(footers::PARQUET, "compact", ""), 0.25),
    aim(("encode", "medium", "json"), FRESH, thrift(cpp::PEER, "json", ""), 0.5),
    aim(("decode", "medium", "json"), FRESH, thrift(cpp::PEER, "json", ""), 0.5),
];

/// Compares all aims with what was measured.
pub fn judge(tables: &[Table]) -> Vec<Verdict> {
    let ratios = AIMS.iter().map(|aim| aim.judge(tables));
    ratios.chain(allocations(tables)).collect()
}

impl Aim {
    fn judge(&self, tables: &[Table]) -> Verdict {
        let table = tables
            .iter()
            .find(|table| (table.task, table.workload) == (self.task, self.workload));
        let ratio = table.and_then(|table| {
            let ours = self.ways.iter().filter_map(|how| {
                let label = thrift(seapink::PEER, self.protocol, how);
                table.figure(&label).map(|figure| figure.ns)
            });
            Some(ours.reduce(f64::min)? / table.figure(&self.theirs)?.ns)
        });
        let ways = match self.ways {
            FRESH if self.task == "decode" => String::from(", owned"),
            FRESH => String::new(),
            ways => format!(", {}", ways.join(" or ")),
        };
        Verdict {
            what: format!("{} {}, {}{ways}", self.task, self.workload, self.protocol),
            most: format!("≤ {} × {}", self.most, self.theirs),
            measured: ratio.map(|ratio| format!("{ratio:.3}")),
            reached: ratio.is_some_and(|ratio| ratio <= self.most),
        }
    }
}

/// Nothing is allocated to write into a buffer that is large enough, nor for a view.
fn allocations(tables: &[Table]) -> [Verdict; 2] {
    let most = |task: &str, wanted: fn(&Table, &Figure) -> bool| {
        let tables = tables.iter().filter(|table| table.task == task);
        tables
            .flat_map(|table| table.figures.iter().map(move |figure| (table, figure)))
            .filter(|(_, figure)| figure.label.peer == seapink::PEER)
            .filter(|(table, figure)| wanted(table, figure))
            .map(|(_, figure)| figure.allocations.count)
            .max()
    };
    let verdict = |what: &str, count: Option<u64>| Verdict {
        what: what.to_owned(),
        most: String::from("0"),
        measured: count.map(|count| count.to_string()),
        reached: count == Some(0),
    };
    [
        verdict("allocations, encode anything", most("encode", |_, _| true)),
        verdict(
            "allocations, decode small, view",
            most("decode", |table, figure| {
                table.workload == "small" && figure.label.how == "view"
            }),
        ),
    ]
}
