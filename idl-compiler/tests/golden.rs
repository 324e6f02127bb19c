//! What the compiler emits, beside the IDL it comes from in `testdata/golden/`.
//!
//! `BLESS=1 cargo test -p seapink-idl --test golden` rewrites the goldens; their diff is the review.
//! The runtime's tests include the same files, so that they also compile and round-trip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seapink_idl::emit::GeneratedFile;
use seapink_idl::emit::rust::{BinaryType, Collection, Layout, Options, emit};
use seapink_idl::{Disk, LoadOptions, load};

/// A program and the golden that it becomes. The `.thrift` files that are no root are included by
/// those that are.
struct Golden {
    root: &'static str,
    name: &'static str,
    views: bool,
    asynchronous: bool,
}

const GOLDENS: [Golden; 10] = [
    plain("library"),
    plain("names"),
    plain("values"),
    plain("evolution"),
    plain("annotated"),
    plain("bench"),
    plain("sharing"),
    plain("views"),
    // With `--views`: each type that there is, in each place where it may stand.
    Golden {
        root: "values",
        name: "values_in_views",
        views: true,
        asynchronous: false,
    },
    // With `--async`.
    Golden {
        asynchronous: true,
        ..plain("asynchronous")
    },
];

const fn plain(root: &'static str) -> Golden {
    Golden {
        root,
        name: root,
        views: false,
        asynchronous: false,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")
}

impl Golden {
    fn tree(&self) -> Vec<GeneratedFile> {
        self.emitted(Layout::Tree {
            name: self.name.to_owned(),
        })
    }

    fn emitted(&self, layout: Layout) -> Vec<GeneratedFile> {
        let path = folder().join(format!("{}.thrift", self.root));
        let (program, report) = load(&Disk, &[path], &LoadOptions::default());
        let program = program.unwrap_or_else(|| panic!("{}", report.human(false)));
        let options = Options {
            layout,
            collection: Collection::Hash,
            binary: BinaryType::Vec,
            derives: Vec::new(),
            views: self.views,
            asynchronous: self.asynchronous,
        };
        emit(&program, &options)
    }
}

fn check(file: &GeneratedFile, golden: &Path) {
    if std::env::var_os("BLESS").is_some() {
        let folder = golden.parent().expect("a golden is in a folder");
        fs::create_dir_all(folder).expect("the folder can be made");
        fs::write(golden, &file.text).expect("the golden can be written");
        return;
    }
    let wanted = fs::read_to_string(golden).unwrap_or_default();
    let line = file
        .text
        .lines()
        .zip(wanted.lines())
        .take_while(|(a, b)| a == b)
        .count()
        + 1;
    assert!(
        file.text == wanted,
        "{} differs from what is emitted, first in line {line}; if that is meant, run the test \
         again with BLESS=1",
        golden.display()
    );
}

#[test]
fn one_file_for_include() {
    for golden in &GOLDENS {
        for file in golden.tree() {
            check(&file, &folder().join(&file.path));
        }
    }
}

#[test]
fn a_file_for_each_module() {
    for file in plain("library").emitted(Layout::Modules) {
        check(&file, &folder().join("modules").join(&file.path));
    }
}

#[test]
fn emitting_twice_gives_the_same() {
    for golden in &GOLDENS {
        assert_eq!(
            golden.emitted(Layout::Modules),
            golden.emitted(Layout::Modules)
        );
    }
}

/// rustfmt has nothing to change, so that emitted code may be checked in and formatted with the rest.
#[test]
fn goldens_are_formatted() {
    if std::env::var_os("BLESS").is_some() {
        return; // The other tests are just writing them.
    }
    let mut files: Vec<PathBuf> = GOLDENS
        .iter()
        .map(|golden| folder().join(format!("{}.rs", golden.name)))
        .collect();
    files.push(folder().join("modules/mod.rs"));
    check_formatted(&files);
}

/// The same for what `--async` makes of each of them.
#[test]
fn async_code_is_formatted() {
    let out = tempfile::tempdir().expect("there is room");
    let mut files = Vec::new();
    for golden in &GOLDENS {
        let asynchronous = true;
        for file in (Golden {
            asynchronous,
            ..*golden
        })
        .tree()
        {
            let path = out.path().join(&file.path);
            fs::write(&path, &file.text).expect("the file can be written");
            files.push(path);
        }
    }
    check_formatted(&files);
}

fn check_formatted(files: &[PathBuf]) {
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .args(["--config-path", concat!(env!("CARGO_MANIFEST_DIR"), "/..")])
        .args(files)
        .output()
        .expect("rustfmt comes with Rust");
    assert!(
        formatted.status.success(),
        "{}",
        String::from_utf8_lossy(&formatted.stdout)
    );
}

/// Asking for futures only adds: nothing else is changed or renamed.
#[test]
fn async_code_comes_on_top() {
    for golden in &GOLDENS {
        let of = |asynchronous| {
            Golden {
                asynchronous,
                ..*golden
            }
            .tree()
            .remove(0)
            .text
        };
        let (without, with) = (of(false), of(true));
        let mut lines = with.lines();
        for line in without.lines() {
            assert!(
                lines.any(|other| other == line),
                "{}: `{line}`",
                golden.name
            );
        }
    }
}

/// Apache's generator needs 16 lines for a line of IDL.
#[test]
fn few_lines_for_each_line_of_idl() {
    let idl = fs::read_to_string(folder().join("library.thrift")).unwrap()
        + &fs::read_to_string(folder().join("shared.thrift")).unwrap();
    let filled = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let rust = plain("library").tree();
    let (rust, idl) = (filled(&rust[0].text), filled(&idl));
    assert!(
        rust <= 12 * idl,
        "{rust} lines emitted for {idl} lines of IDL"
    );
}
