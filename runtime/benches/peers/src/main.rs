//! Seapink beside other codecs, in one program, so that all are measured in the same minute.
//!
//! ```console
//! cargo run --release --manifest-path runtime/benches/peers/Cargo.toml
//! cargo run --release --manifest-path runtime/benches/peers/Cargo.toml -- --only medium --filter binary --quick
//! ```

mod allocations;
mod arguments;
mod codec;
mod contestants;
mod measure;
mod report;
mod workloads;

use clap::Parser;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments::Arguments::parse();
    codec::run(&arguments, report::text::print)?;
    Ok(())
}
