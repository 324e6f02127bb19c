//! What the tests share.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test crate uses its part.

use seapink_idl::model::Program;
use seapink_idl::{Disk, Files, LoadOptions, Memory, Report, load};
use std::io;
use std::path::{Path, PathBuf};

/// `testdata/idl` of the repository.
pub fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/idl")
}

/// Files under a directory, by paths relative to it, so that no message holds an absolute path.
#[derive(Debug)]
pub struct Under(pub PathBuf);

impl Files for Under {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Disk.read(&self.0.join(path))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.canonical(&self.0.join(path))
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        Disk.list(&self.0.join(directory))
    }
}

/// Compiles one file that is all there is.
pub fn compile(text: impl Into<Vec<u8>>) -> (Option<Program>, Report) {
    let files = Memory::new().with("test.thrift", text);
    load(&files, &["test.thrift".into()], &LoadOptions::default())
}

/// Compiles one file that has no errors.
#[track_caller]
pub fn resolve(text: &str) -> Program {
    let (program, report) = compile(text);
    program.unwrap_or_else(|| panic!("{}", report.human(false)))
}

/// The codes of what is reported for one file.
pub fn codes(text: impl Into<Vec<u8>>) -> Vec<&'static str> {
    compile(text)
        .1
        .diagnostics()
        .iter()
        .map(|d| d.code.name())
        .collect()
}

/// Whether goldens are to be rewritten.
pub fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}
