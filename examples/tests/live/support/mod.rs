//! What the live tests share: where they work, how they run other programs, how they get them.
//!
//! Everything is installed and built under `target/live/`, so that nothing of it is committed and
//! `cargo clean` removes it.

pub mod crates;
pub mod install;
pub mod process;

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What a test returns.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Any error, shown as its author wrote it: the lines of a peer's standard error stay lines.
pub struct Failure(Box<dyn Error>);

impl<E: Into<Box<dyn Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The directory of this name under `target/live/`, which keeps what it holds from run to run.
pub fn scratch(name: &str) -> Result<PathBuf> {
    // `CARGO_TARGET_TMPDIR` is `target/tmp`; what is installed here outlives the tests.
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let dir = tmp.with_file_name("live").join(name);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// The same, empty.
pub fn fresh(name: &str) -> Result<PathBuf> {
    let dir = scratch(name)?;
    fs::remove_dir_all(&dir)?;
    scratch(name)
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
    examples.parent().unwrap_or(examples)
}

/// The files below a directory whose name ends like this, sorted.
pub fn files(root: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            // Links are not followed: they would lead out of the directory, or in circles.
            if entry.file_type()?.is_dir() {
                dirs.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(ending) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
