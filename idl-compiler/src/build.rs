//! For `build.rs` scripts.

use crate::emit::rust::{BinaryType, Collection, Layout, Options};
use crate::loader::{Disk, shown};
use crate::output::{self, WriteError};
use crate::{LoadOptions, Report, emit, load};
use std::fmt;
use std::path::{Path, PathBuf};

/// Compiles one file with the default options into `$OUT_DIR/<stem>.rs`.
///
/// Include the result with `include!(concat!(env!("OUT_DIR"), "/<stem>.rs"));`.
pub fn compile(file: impl AsRef<Path>) -> Result<(), Error> {
    Builder::new().compile(&[file])
}

/// Compiles files with options.
///
/// ```no_run
/// seapink_idl::Builder::new()
///     .include("idl/vendor")
///     .derive("::serde::Serialize")
///     .compile(&["idl/calculator.thrift", "idl/audit.thrift"])?;
/// # Ok::<(), seapink_idl::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "options that have nothing to do with each other"
)]
pub struct Builder {
    load: LoadOptions,
    out_dir: Option<PathBuf>,
    name: Option<String>,
    modules: bool,
    collection: Collection,
    binary: BinaryType,
    derives: Vec<String>,
    views: bool,
    asynchronous: bool,
    silent: bool,
}

impl Builder {
    /// The defaults: one file in `$OUT_DIR`, named after the first IDL file.
    #[must_use]
    pub fn new() -> Self {
        Builder::default()
    }

    /// Adds a directory that is searched for includes, after that of the including file.
    #[must_use]
    pub fn include(mut self, directory: impl Into<PathBuf>) -> Self {
        self.load.include_dirs.push(directory.into());
        self
    }

    /// Writes there instead of into `$OUT_DIR`. The directory is created if missing.
    #[must_use]
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(directory.into());
        self
    }

    /// Names the output file, without `.rs`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Writes one file, or a file per module. The name of a [`Layout::Tree`] is used like that of
    /// [`name`](Self::name).
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        match layout {
            Layout::Tree { name } => {
                self.modules = false;
                self.name = Some(name);
            }
            Layout::Modules => self.modules = true,
        }
        self
    }

    /// Chooses what `map` and `set` become.
    #[must_use]
    pub fn collection(mut self, collection: Collection) -> Self {
        self.collection = collection;
        self
    }

    /// Chooses what `binary` becomes.
    #[must_use]
    pub fn binary(mut self, binary: BinaryType) -> Self {
        self.binary = binary;
        self
    }

    /// Emits a view of every struct, union and exception, which borrows from the message that it is
    /// read from, and not just of those with the annotation `rust.view`.
    #[must_use]
    pub fn views(mut self, views: bool) -> Self {
        self.views = views;
        self
    }

    /// Emits for every service, beside the blocking ones, a client whose methods are `async`, and a
    /// handler trait whose methods return futures, with its processor. Needs the runtime's feature
    /// `tokio`.
    #[must_use]
    pub fn asynchronous(mut self, asynchronous: bool) -> Self {
        self.asynchronous = asynchronous;
        self
    }

    /// Adds a derive to every emitted type, as a path: `::serde::Serialize`.
    #[must_use]
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.derives.push(path.into());
        self
    }

    /// Makes a field without an id an error.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.load.strict = strict;
        self
    }

    /// Whether to tell cargo about files and warnings on standard output; by default it does.
    #[must_use]
    pub fn cargo_messages(mut self, yes: bool) -> Self {
        self.silent = !yes;
        self
    }

    /// Compiles files and what they include.
    ///
    /// Prints `cargo:rerun-if-changed` for every file read, and warnings as `cargo:warning`.
    pub fn compile(&self, files: &[impl AsRef<Path>]) -> Result<(), Error> {
        let roots: Vec<PathBuf> = files
            .iter()
            .map(|file| file.as_ref().to_path_buf())
            .collect();
        let Some(first) = roots.first() else {
            return Err(Error::usage("no IDL file is given"));
        };
        let (program, report) = load(&Disk, &roots, &self.load);
        if !self.silent {
            tell_cargo(&roots, &report, program.is_some());
        }
        let Some(program) = program else {
            return Err(Error::report(&report));
        };
        let out_dir = match &self.out_dir {
            Some(directory) => directory.clone(),
            None => PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| {
                Error::usage("`OUT_DIR` is not set; outside of a build script, call `out_dir`")
            })?),
        };
        let options = Options {
            layout: layout(self.modules, self.name.as_deref(), first).map_err(Error::usage)?,
            collection: self.collection,
            binary: self.binary,
            derives: self.derives.clone(),
            views: self.views,
            asynchronous: self.asynchronous,
        };
        output::write(&out_dir, &emit::rust::emit(&program, &options))?;
        Ok(())
    }
}

/// The layout with its name checked; the name defaults to the stem of the first file.
pub fn layout(modules: bool, name: Option<&str>, first: &Path) -> Result<Layout, String> {
    if modules {
        return Ok(Layout::Modules);
    }
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.unwrap_or(&stem);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!(
            "`{name}` cannot name a file; use letters, digits, `_`, `-` and `.`"
        ));
    }
    Ok(Layout::Tree {
        name: name.to_owned(),
    })
}

/// The one place of the library that prints: cargo listens on standard output.
#[allow(clippy::print_stdout)]
fn tell_cargo(roots: &[PathBuf], report: &Report, fine: bool) {
    for path in watched(roots, report) {
        println!("cargo:rerun-if-changed={path}");
    }
    // With errors, cargo shows the whole report anyway.
    if fine {
        for line in report.human(false).lines().filter(|line| !line.is_empty()) {
            println!("cargo:warning={line}");
        }
    }
}

/// Every file whose change can change the output, once: those that were read, and those that were
/// not there.
fn watched(roots: &[PathBuf], report: &Report) -> Vec<String> {
    let read = report.sources().iter();
    let mut paths: Vec<String> = read.map(|source| source.path().to_owned()).collect();
    for root in roots {
        let shown = shown(root);
        if !paths.contains(&shown) {
            paths.push(shown);
        }
    }
    paths
}

/// Why nothing was generated.
///
/// `Debug` gives the same text as `Display`, because that is what cargo shows when `main` of a build
/// script returns the error.
#[derive(thiserror::Error)]
pub struct Error {
    text: String,
    #[source]
    source: Option<WriteError>,
}

impl Error {
    fn usage(text: impl Into<String>) -> Self {
        Error {
            text: text.into(),
            source: None,
        }
    }

    fn report(report: &Report) -> Self {
        let what = if report.has_unreadable_file() {
            match std::env::current_dir() {
                Ok(folder) => format!(
                    "an IDL file cannot be read; relative paths count from `{}`",
                    folder.display()
                ),
                Err(_) => "an IDL file cannot be read".to_owned(),
            }
        } else {
            "the IDL has errors".to_owned()
        };
        Error {
            text: format!("{what}\n\n{}", report.human(false)),
            source: None,
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        Error {
            text: error.to_string(),
            source: Some(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[test]
    fn each_file_is_watched_once() {
        let files = Memory::new()
            .with("idl/a.thrift", "include \"shared.thrift\"")
            .with("idl/b.thrift", "include \"./shared.thrift\"")
            .with("idl/shared.thrift", "");
        let roots = ["idl/a.thrift", "./idl/b.thrift", "idl/gone.thrift"].map(PathBuf::from);
        let (_, report) = load(&files, &roots, &LoadOptions::default());
        let mut paths = watched(&roots, &report);
        paths.sort();
        assert_eq!(
            paths,
            [
                "idl/a.thrift",
                "idl/b.thrift",
                "idl/gone.thrift",
                "idl/shared.thrift"
            ]
        );
    }
}
