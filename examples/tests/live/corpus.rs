//! IDL that others wrote: what Apache's compiler accepts is accepted here, and the Rust that is
//! emitted for it compiles without a warning and is formatted.
//!
//! Nothing of it is kept in this repository; see `docs/interop.md`.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use seapink_idl::Builder;
use seapink_idl::emit::rust::Layout;

use support::Result;
use support::crates::ScratchCrate;
use support::install;
use support::process::{output, shortened};

const QUICK: Duration = Duration::from_mins(1);
const BUILD: Duration = Duration::from_mins(5);

/// Files of one origin, and where their includes are.
struct Corpus {
    name: &'static str,
    root: PathBuf,
    /// Directories for `-I`, by the start of a file's path. The first that fits is taken.
    includes: &'static [(&'static str, &'static [&'static str])],
    /// How many files there are at least: a registry that sends half of them is noticed.
    files_min: usize,
}

/// Debian's source package: Apache's own tests, tutorials and contributions.
#[test]
fn debian() -> Result {
    let corpus = Corpus {
        name: "corpus-debian",
        root: install::debian_source("thrift")?,
        includes: &[
            (
                "lib/rs/test_recursive",
                &[
                    "lib/rs/test_recursive/src",
                    "lib/rs/test_recursive/src/transit",
                    "lib/rs/test_recursive/src/transit/light",
                    "lib/rs/test_recursive/src/transit/services",
                ],
            ),
            ("", &["", "test", "contrib/fb303/if"]),
        ],
        files_min: 150,
    };
    // The archive holds one directory, named after the version.
    let dirs = fs::read_dir(&corpus.root)?.filter_map(|entry| Some(entry.ok()?.path()));
    let root = dirs.filter(|path| path.is_dir()).last();
    let root = root.ok_or("the source package is empty")?;
    check(&Corpus { root, ..corpus })
}

#[test]
fn python_packages() -> Result {
    check(&Corpus {
        name: "corpus-python",
        root: install::python_packages()?,
        includes: &[],
        files_min: 14,
    })
}

#[test]
fn node_packages() -> Result {
    check(&Corpus {
        name: "corpus-node",
        root: install::node_packages()?,
        includes: &[],
        files_min: 10,
    })
}

/// Compares verdicts, emits what is accepted into one crate, and has it checked.
fn check(corpus: &Corpus) -> Result {
    let files = support::files(&corpus.root, ".thrift")?;
    let min = corpus.files_min;
    assert!(files.len() >= min, "{} files, not {min}", files.len());

    let emitted = emit_all(corpus, &files)?;
    let clippy = emitted.clippy()?;
    emitted.rustfmt()?;
    println!(
        "{}: {} files, {} accepted, {} of them refused by old versions, {} refused by both; \
         {} lines of IDL, {} of Rust; emitted in {:?}, checked in {clippy:?}",
        corpus.name,
        files.len(),
        emitted.accepted,
        emitted.lifted,
        emitted.refused,
        emitted.idl_lines,
        emitted.rust_lines,
        emitted.time,
    );
    Ok(())
}

/// A crate with two modules for every accepted file: as it is, and with a view of each type.
struct Emitted {
    scratch: ScratchCrate,
    modules: Vec<PathBuf>,
    accepted: usize,
    refused: usize,
    lifted: usize,
    idl_lines: usize,
    rust_lines: usize,
    time: Duration,
}

fn emit_all(corpus: &Corpus, files: &[PathBuf]) -> Result<Emitted> {
    let reference = Reference::new(corpus.name)?;
    let mut emitted = Emitted {
        scratch: ScratchCrate::new(corpus.name)?,
        modules: Vec::new(),
        accepted: 0,
        refused: 0,
        lifted: 0,
        idl_lines: 0,
        rust_lines: 0,
        time: Duration::ZERO,
    };
    let mut library = "//! A module for every file of the corpus.\n".to_owned();
    let mut differences = String::new();
    for (number, file) in files.iter().enumerate() {
        let path = file.strip_prefix(&corpus.root)?.display().to_string();
        let includes = corpus.includes(&path);
        let module = format!("file_{number}");
        let out = emitted.scratch.dir.join("src");
        let builder = includes.iter().fold(Builder::new(), Builder::include);
        let builder = builder.out_dir(&out).cargo_messages(false);
        let started = Instant::now();
        let ours = emit(builder.clone(), file, &module);
        emitted.time += started.elapsed();
        let theirs = reference.verdict(file, &includes)?;
        match (&ours, &theirs) {
            (Err(ours), Ok(())) => writeln!(differences, "{path}: only refused here: {ours}")?,
            (Ok(()), Err(theirs)) if !lifted(theirs) => {
                writeln!(differences, "{path}: only accepted here: {theirs}")?;
            }
            (Ok(()), Err(_)) => emitted.lifted += 1,
            (Err(_), Err(_)) => emitted.refused += 1,
            _ => {}
        }
        if ours.is_ok() {
            let viewed = format!("{module}_in_views");
            emit(builder.views(true), file, &viewed)?;
            for module in [&module, &viewed] {
                writeln!(library, "\n/// `{path}`\nmod {module} {{")?;
                writeln!(library, "    include!(\"{module}.rs\");\n}}")?;
                emitted.modules.push(out.join(format!("{module}.rs")));
            }
            emitted.accepted += 1;
            emitted.idl_lines += lines(file)?;
            emitted.rust_lines += lines(&out.join(format!("{module}.rs")))?;
        }
    }
    assert!(differences.is_empty(), "verdicts differ:\n{differences}");
    emitted.scratch.write("src/lib.rs", &library)?;
    Ok(emitted)
}

fn emit(builder: Builder, file: &Path, name: &str) -> std::result::Result<(), seapink_idl::Error> {
    let name = name.to_owned();
    builder.layout(Layout::Tree { name }).compile(&[file])
}

/// Refusals of old versions only: since 0.18, words of other languages may be names.
fn lifted(refusal: &str) -> bool {
    refusal.contains("Cannot use reserved language keyword")
}

fn lines(file: &Path) -> Result<usize> {
    let bytes = fs::read(file)?;
    Ok(bytes.split(|&byte| byte == b'\n').count() - 1)
}

impl Corpus {
    fn includes(&self, path: &str) -> Vec<PathBuf> {
        let mut sets = self.includes.iter();
        let set = sets.find(|(start, _)| path.starts_with(start));
        let dirs = set.map_or(&[][..], |(_, dirs)| dirs);
        dirs.iter().map(|dir| self.root.join(dir)).collect()
    }
}

/// Apache's compiler, which generates JSON: the backend that needs nothing of the target language.
struct Reference {
    compiler: PathBuf,
    out: PathBuf,
}

impl Reference {
    fn new(name: &str) -> Result<Self> {
        Ok(Self {
            compiler: install::thrift_compiler()?,
            out: support::fresh(&format!("{name}-reference"))?,
        })
    }

    /// The inner error is what the compiler says about the file.
    fn verdict(
        &self,
        file: &Path,
        includes: &[PathBuf],
    ) -> Result<std::result::Result<(), String>> {
        let mut command = Command::new(&self.compiler);
        for include in includes {
            command.arg("-I").arg(include);
        }
        command.args(["--gen", "json", "-o"]).arg(&self.out);
        let finished = output(command.arg(file), QUICK)?;
        Ok(if finished.status.success() {
            Ok(())
        } else {
            Err(finished.stdout + &finished.stderr)
        })
    }
}

impl Emitted {
    /// Compiles everything; neither rustc nor clippy, pedantic as it can be, has anything to say.
    fn clippy(&self) -> Result<Duration> {
        let started = Instant::now();
        let mut command = self.scratch.cargo("clippy")?;
        command.args(["--message-format=short", "--", "-W", "clippy::pedantic"]);
        let finished = output(&mut command, BUILD)?;
        let said = finished.stderr.trim();
        assert!(
            finished.status.success() && said.is_empty(),
            "emitted code has {} diagnostics in {}, such as\n{}",
            said.lines().count(),
            self.scratch.dir.display(),
            shortened(said)
        );
        Ok(started.elapsed())
    }

    /// Emitted code is what rustfmt would make of it.
    fn rustfmt(&self) -> Result {
        let mut command = Command::new("rustfmt");
        command.args(["--check", "--edition", "2024"]);
        let finished = output(command.args(&self.modules), BUILD)?;
        let differences = finished
            .stdout
            .lines()
            .filter(|line| line.starts_with("Diff in "));
        assert!(
            finished.status.success(),
            "rustfmt would change {} places, such as\n{}\n{}",
            differences.count(),
            shortened(&finished.stdout),
            shortened(&finished.stderr)
        );
        Ok(())
    }
}
