//! `docs/benchmarks.md`, all of it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::aims::Verdict;
use super::{grouped, number, ratio};
use crate::calls::Scene;
use crate::codec::Table;
use crate::contestants::cpp;
use crate::footers;
use crate::measure::{Effort, Figure, Label};

const LOCK: &str = include_str!("../../Cargo.lock");
const CRATES: [&str; 7] = [
    "thrift",
    "pilota",
    "volo-thrift",
    "prost",
    "bincode",
    "rkyv",
    "parquet",
];

/// The page.
pub fn page(tables: &[Table], scenes: &[Scene], aims: &[Verdict], effort: Effort) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, tables, scenes, aims, effort);
    page
}

fn write(
    page: &mut String,
    tables: &[Table],
    scenes: &[Scene],
    aims: &[Verdict],
    effort: Effort,
) -> std::fmt::Result {
    introduction(page, effort)?;
    write_aims(page, aims)?;
    let (footers, codecs): (Vec<&Table>, Vec<&Table>) = tables
        .iter()
        .partition(|table| table.workload.starts_with("footer"));
    for (task, title, before) in [("encode", "Encode", ENCODE), ("decode", "Decode", DECODE)] {
        let tables: Vec<&Table> = codecs
            .iter()
            .copied()
            .filter(|table| table.task == task)
            .collect();
        writeln!(page, "\n## {title}\n\n{before}\n")?;
        grid(page, &tables, time)?;
        writeln!(page, "\nAllocations of one operation, and their bytes:\n")?;
        grid(page, &tables, allocations)?;
    }
    writeln!(page, "\n## Parquet footers\n\n{FOOTERS}\n")?;
    if footers::PRESENT {
        grid(page, &footers, time)?;
        writeln!(page, "\nAllocations of one operation, and their bytes:\n")?;
        grid(page, &footers, allocations)?;
    } else {
        writeln!(page, "Not present: pip could not get the IDL.")?;
    }
    writeln!(page, "\n## Calls\n\n{CALLS}\n")?;
    super::calls::grid(page, scenes)?;
    writeln!(page, "\n## What is compared\n\n{COMPARED}")
}

fn introduction(page: &mut String, effort: Effort) -> std::fmt::Result {
    writeln!(
        page,
        "<!-- Written by runtime/benches/peers; do not edit. -->\n"
    )?;
    writeln!(page, "# Benchmarks\n\n{INTRODUCTION}\n")?;
    writeln!(page, "![Times beside those of others](benchmarks.svg)\n")?;
    writeln!(page, "| | |\n| --- | --- |")?;
    writeln!(page, "| date | {} |", date())?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    writeln!(page, "| machine | {}, {cores} cores |", processor())?;
    let (heats, rounds) = (effort.heats, effort.rounds);
    let slice = effort.slice.as_secs_f64() * 1e3;
    writeln!(
        page,
        "| rounds | {heats} × {rounds}, {slice} ms for each contestant |"
    )?;
    writeln!(
        page,
        "| Rust | {}, release without LTO |",
        env!("PEERS_RUSTC")
    )?;
    let crates = CRATES.map(|name| format!("{name} {}", version(name)));
    writeln!(page, "| crates | {} |", crates.join(", "))?;
    writeln!(
        page,
        "| Apache's IDL compiler | {} |",
        env!("PEERS_THRIFT_COMPILER")
    )?;
    let (library, compiler) = (option_env!("PEERS_LIBTHRIFT"), option_env!("PEERS_CXX"));
    match (library, compiler) {
        (Some(library), Some(compiler)) if cpp::PRESENT => {
            writeln!(page, "| C++ | libthrift {library}, {compiler}, -O3 |")
        }
        _ => writeln!(page, "| C++ | not present |"),
    }
}

fn write_aims(page: &mut String, aims: &[Verdict]) -> std::fmt::Result {
    writeln!(page, "\n## Aims\n\n{AIMS}\n")?;
    writeln!(
        page,
        "| | aim | measured | reached |\n| --- | --- | --- | --- |"
    )?;
    for aim in aims {
        let measured = aim.measured.as_deref().unwrap_or("not present");
        let reached = match (&aim.measured, aim.reached) {
            (None, _) => "",
            (_, true) => "yes",
            (_, false) => "no",
        };
        writeln!(
            page,
            "| {} | {} | {measured} | {reached} |",
            aim.what, aim.most
        )?;
    }
    Ok(())
}

/// A row for each contestant, a column for each workload.
fn grid(
    page: &mut String,
    tables: &[&Table],
    cell: fn(&Table, &Figure) -> String,
) -> std::fmt::Result {
    let mut labels: Vec<&Label> = Vec::new();
    for figure in tables.iter().flat_map(|table| &table.figures) {
        if !labels.contains(&&figure.label) {
            labels.push(&figure.label);
        }
    }
    let heads = tables.iter().map(|table| {
        let bytes = grouped(&table.bytes.to_string());
        format!("{}, {bytes} B", table.workload)
    });
    writeln!(page, "| | {} |", heads.collect::<Vec<_>>().join(" | "))?;
    writeln!(page, "| --- |{}", " --- |".repeat(tables.len()))?;
    for label in labels {
        write!(page, "| {label} |")?;
        for table in tables {
            let text = table.figure(label).map(|figure| cell(table, figure));
            write!(page, " {} |", text.unwrap_or_default())?;
        }
        writeln!(page)?;
    }
    if !cpp::PRESENT {
        writeln!(
            page,
            "| {} |{}",
            cpp::PEER,
            " not present |".repeat(tables.len())
        )?;
    }
    Ok(())
}

fn time(table: &Table, figure: &Figure) -> String {
    let ratio = ratio(table, figure).map_or(String::new(), |ratio| format!(" ({ratio:.2})"));
    format!("{}{ratio}", number(figure.ns))
}

fn allocations(_: &Table, figure: &Figure) -> String {
    match figure.allocations.count {
        0 => String::from("0"),
        count => {
            let bytes = grouped(&figure.allocations.bytes.to_string());
            format!("{} ({bytes})", grouped(&count.to_string()))
        }
    }
}

/// The version of a crate that is linked.
fn version(name: &str) -> &'static str {
    let package = format!("name = \"{name}\"\nversion = \"");
    let found = LOCK.split_once(&package);
    let found = found.and_then(|(_, rest)| rest.split_once('"'));
    found.map_or("?", |(version, _)| version)
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or_else(
        || std::env::consts::ARCH.to_owned(),
        |(_, name)| name.to_owned(),
    )
}

/// Today, from the days since 1970 (Howard Hinnant's `civil_from_days`).
fn date() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = now.map_or(0, |now| now.as_secs() / 86_400) + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

const INTRODUCTION: &str = "\
Seapink beside other codecs, all in one program:

```console
apt-get install thrift-compiler libthrift-dev libboost-dev
cargo run --release --manifest-path runtime/benches/peers/Cargo.toml -- --write
```

writes this page anew. Within each round all contestants take turns, and what is shown are medians of the rounds.
Absolute times differ between machines, and on a shared machine between hours. Ratios of one run come again to about
five in a hundred as long as the program is the same; another build places its loops elsewhere, which makes the shortest
ones, over `longs` and `doubles`, up to twice as slow.

Before anything is timed, each side has to read what the others wrote, and those that speak Thrift have to write the same
bytes. Allocations are counted in a pass of their own. Everything is made anew several times in a run, elsewhere in memory.

`-- --only medium --filter binary --quick` answers within seconds; `-- --help` has the rest.";

const AIMS: &str = "\
Our median divided by that of another, and what it is to be at most. That a steady call allocates nothing is a
test (`runtime/tests/client_allocations.rs`, `runtime/src/server/engine.rs`); the times of the IDL compiler beside Apache's are
[measured elsewhere](interop.md#beside-apaches-compiler).";

const ENCODE: &str = "\
Nanoseconds for a value into a buffer that is used again; in parentheses, the time divided by Seapink's for the same
protocol, or for binary where a format is not Thrift's. Above 1, Seapink is faster. Sizes are of the binary protocol.";

const DECODE: &str = "\
To owned values, which are dropped again; `recycled` reads into an old value. In parentheses, the time divided by that of
Seapink's owned values, for `recycled` ones of others by that of Seapink's recycled ones.";

const FOOTERS: &str = "\
The compact protocol's largest structs in daily use: the footer of a file of ten groups of rows, with 10, 100 and 1,000
columns, written by the crate `parquet` and read by its parser, which was written by hand for this. The IDL is that of
`fastparquet`, with the newer fields that the files have. Nanoseconds.";

const CALLS: &str = "\
Servers as processes of their own, on the same machine, that echo `small` over TCP. One thread with one poll sends calls that
were written in advance, and sends a new one for each reply; with 32 calls in flight, those for which replies came by one
read leave in one write. Thousands of calls per second, and in parentheses the median and the 99th percentile of the time
to an answer in microseconds; medians of rounds in which all servers take turns. On few cores the load takes as much of
the machine as the fastest servers do.";

const COMPARED: &str = "\
* **apache** is the crate `thrift` with code from Apache's compiler.
* **pilota** is the codec of Volo, with code from `pilota-build`. Its `unchecked` codec reads and writes past the end of
  buffers where lengths are wrong; `sized` asks for the length first, as it must where the buffer may be too small. Both
  decoders share a large binary with the input instead of copying it. The compact codec panics on fields of type bool and
  cannot take part.
* **volo** is a server of Volo with its default codec, which finds out that calls are framed, on Tokio with a thread for
  each core.
* **raw poll** and **raw thread** are servers that know how long a call is and answer with bytes that were written in advance:
  what sockets cost without RPC.
* **C++** is Apache's library with its template protocols on memory buffers, called from the same program. Its JSON protocol
  has no template form. What its buffers allocate with `malloc` is not counted.
* **parquet** is the crate's own parser with its default options. Its result has another shape, so the values are
  compared one by one. The crate `compact-thrift-parquet` does not take part: it skips the paths of columns, so it does
  not read the same.
* **prost**, **bincode** (numbers of fixed length) and **rkyv** are other formats, with the same structs. `rkyv in place`
  checks the bytes and reads nothing.
* **memcpy** copies the bytes of the binary protocol into a buffer that is used again.
* The map of `index` has no order, so its bytes are compared after reading. It is a `HashMap` with Rust's hasher in
  seapink, prost, bincode and rkyv, a `HashMap` with a faster hasher in pilota, and a tree in apache and C++.
* **A view** is read and dropped: its bytes are checked, and no element of a list is looked at. **Projected** is the schema and
  the numbers of rows.
* No link-time optimisation, and the instructions that every machine of the architecture has: what a program gets by default.
  Only Seapink looks at run time for wider ones (AVX2), which it uses for lists of numbers in the binary protocol.
* **Calls**: each aim compares our fastest configuration with the fastest of the peers that it names. Replies are compared with
  what is expected once for each connection; while time is taken, only their first bytes are.";
