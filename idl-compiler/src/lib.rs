//! The Seapink IDL compiler: Thrift IDL in, readable Rust out.
//!
//! In a `build.rs`, one line is enough:
//!
//! ```no_run
//! fn main() -> Result<(), seapink_idl::Error> {
//!     seapink_idl::compile("idl/calculator.thrift")
//! }
//! ```
//!
//! and `include!(concat!(env!("OUT_DIR"), "/calculator.rs"));` brings the emitted module in.
//! [`Builder`] has the options. [`load`] gives the resolved [`model`] to tools that want something
//! else than Rust.
//!
//! Nothing here exits the process, and nothing panics because of an IDL file.

#![forbid(unsafe_code)]

mod ast;
pub mod build;
pub mod diagnostic;
pub mod emit;
mod loader;
pub mod model;
pub mod output;
mod parser;
mod resolve;
pub mod source;

pub use build::{Builder, Error, compile};
pub use diagnostic::Report;
pub use loader::{Disk, Files, Memory};

use diagnostic::Diagnostics;
use model::Program;
use std::path::PathBuf;

/// How files are found and how strictly they are read.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Directories that are searched for includes, after that of the including file.
    pub include_dirs: Vec<PathBuf>,
    /// Whether a field without an id is an error rather than a warning.
    pub strict: bool,
}

/// Reads, parses and resolves files and what they include.
///
/// The program is there exactly if the report has no errors.
pub fn load(
    files: &dyn Files,
    roots: &[PathBuf],
    options: &LoadOptions,
) -> (Option<Program>, Report) {
    let mut diagnostics = Diagnostics::default();
    let loaded = loader::load(files, roots, &options.include_dirs, &mut diagnostics);
    let program = resolve::resolve(&loaded, options.strict, &mut diagnostics);
    let program = if diagnostics.has_errors() {
        None
    } else {
        Some(program)
    };
    let mut report = Report::new(loaded.sources, diagnostics);
    report.unreadable = loaded.unreadable;
    (program, report)
}
