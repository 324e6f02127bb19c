//! Throughput and latency of each model, as the table of `docs/choosing-a-model.md`.

use std::fmt::Write;
use std::fs;
use std::thread;
use std::time::Duration;

use super::Run;
use super::child::Child;
use super::figures::Figures;
use super::load::{Measured, measure};

const CONNECTIONS: [usize; 3] = [1, 8, 64];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/choosing-a-model.md");
const BEGIN: &str = "<!-- written by the soak program: models -->\n";
const END: &str = "<!-- end -->\n";

pub(crate) fn run(run: &Run, figures: &mut Figures) {
    let models = run.models(&[
        "simple",
        "threaded",
        "thread-pool",
        "nonblocking",
        "inline",
        "any-order",
    ]);
    let mut table = head(run);
    for model in models {
        let mut row = format!("| {} |", title(model));
        for connections in CONNECTIONS {
            let cell = if model == "simple" && connections > 1 {
                String::new()
            } else {
                cell(run, figures, model, connections)
            };
            let _ = write!(row, " {cell} |");
        }
        println!("{row}");
        table += &(row + "\n");
    }
    if run.write {
        write(&table);
    }
}

fn cell(run: &Run, figures: &mut Figures, model: &str, connections: usize) -> String {
    let child = Child::start(model, "");
    let time = Duration::from_millis(run.of(5_000, 250));
    let measured = || measure(&child, connections, time, ("echo", "some text"));
    measured();
    let Measured {
        calls_per_second,
        p50_us,
        p99_us,
        failed,
    } = measured();
    let of = format!("models {model}");
    figures.equal(
        &of,
        &format!("calls that failed, {connections} connections"),
        failed,
        0,
    );
    let thousands = calls_per_second / 1000.0;
    format!("{thousands:.1} ({p50_us:.0}, {p99_us:.0})")
}

fn title(model: &str) -> &str {
    match model {
        "inline" => "`nonblocking`, `dispatch = \"inline\"`",
        "any-order" => "`nonblocking`, `reply_order = \"any\"`",
        "simple" => "`simple`",
        "threaded" => "`threaded`",
        "thread-pool" => "`thread-pool`",
        _ => "`nonblocking`",
    }
}

/// Where and how it was measured, and the head of the table.
fn head(run: &Run) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name
        .unwrap_or("another machine")
        .trim_start_matches([' ', '\t', ':']);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let quick = run.of("", " --quick");
    let build = if cfg!(debug_assertions) {
        ", without optimisation"
    } else {
        ""
    };
    let connections = CONNECTIONS.map(|count| match count {
        1 => " 1 connection |".to_owned(),
        count => format!(" {count} connections |"),
    });
    format!(
        "Measured on {name}, {cores} cores, by\n`cargo bench -p seapink --bench soak -- models \
         --write{quick}`{build}:\n\n| thousand calls in a second (p50, p99 in µs) |{}\n| --- | --- | --- \
         | --- |\n",
        connections.concat()
    )
}

fn write(table: &str) {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the marker");
    let (_, after) = rest.split_once(END).expect("the page has the end marker");
    fs::write(PAGE, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
}
