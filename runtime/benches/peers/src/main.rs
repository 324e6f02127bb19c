//! Seapink beside other codecs, in one program, so that all are measured in the same minute.
//!
//! ```console
//! cargo run --release --manifest-path runtime/benches/peers/Cargo.toml
//! cargo run --release --manifest-path runtime/benches/peers/Cargo.toml -- --only medium --filter binary --quick
//! ```

mod allocations;
mod arguments;
mod calls;
mod codec;
mod contestants;
mod footers;
mod measure;
mod report;
mod workloads;

use std::fs;
use std::path::Path;

use arguments::{Arguments, Part};
use clap::Parser;

/// What goes wrong is for the reader of a terminal.
type Result<T> = std::result::Result<T, String>;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if let Some(name) = &arguments.serve {
        return Ok(calls::serve(name)?);
    }
    let mut tables = Vec::new();
    if arguments.includes(Part::Codec) {
        tables.extend(codec::run(&arguments, report::text::print)?);
    }
    if arguments.includes(Part::Parquet) {
        tables.extend(footers::run(&arguments, report::text::print)?);
    }
    let mut scenes = Vec::new();
    if arguments.includes(Part::Calls) {
        scenes = calls::run(&arguments, report::calls::print)?;
    }
    let mut aims = report::aims::judge(&tables);
    aims.extend(report::calls::judge(&scenes));
    report::text::print_aims(&aims);
    if arguments.write {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
        fs::write(docs.join("benchmarks.svg"), report::svg::chart(&tables))?;
        let page = report::markdown::page(&tables, &scenes, &aims, arguments.effort());
        fs::write(docs.join("benchmarks.md"), page)?;
    }
    Ok(())
}
