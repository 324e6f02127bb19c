//! `testdata/idl/ok` and `testdata/idl/err`: each file is a test, named by what it shows.
//!
//! Beside a file stands what is said about it, in a `.stderr`; `BLESS=1 cargo test` rewrites it. A
//! file that starts with `// strict` is compiled with `--strict`.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use seapink_idl::diagnostic::Code;
use seapink_idl::{LoadOptions, Report, load};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support::{Under, bless, testdata};

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(testdata().join(folder)).unwrap();
    let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
    let mut files: Vec<PathBuf> = names
        .filter(|name| name.extension().is_some_and(|e| e == "thrift"))
        .collect();
    files.sort();
    files
}

fn check(file: &Path) -> Report {
    let text = std::fs::read(testdata().join(file)).unwrap();
    let strict = text.starts_with(b"// strict");
    let options = LoadOptions {
        strict,
        ..LoadOptions::default()
    };
    let (program, report) = load(&Under(testdata()), &[file.to_path_buf()], &options);
    assert_eq!(program.is_some(), !report.has_errors());
    report
}

/// Compares with the file's `.stderr`, or rewrites it; without text there is no such file.
fn compare(file: &Path, found: &str, problems: &mut String) {
    let golden = testdata().join(file).with_extension("stderr");
    let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
    if wanted == found {
        return;
    }
    if bless() {
        if found.is_empty() {
            std::fs::remove_file(&golden).unwrap();
        } else {
            std::fs::write(&golden, found).unwrap();
        }
        return;
    }
    let _ = writeln!(
        problems,
        "{}:\n{found}\n--- but the .stderr says\n{wanted}",
        file.display()
    );
}

#[test]
fn good_files_are_accepted() {
    let mut problems = String::new();
    for file in files("ok") {
        let report = check(&file);
        let text = report.human(false);
        if report.has_errors() {
            let _ = writeln!(problems, "{}:\n{text}", file.display());
        } else {
            compare(&file, &text, &mut problems);
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn bad_files_are_refused_with_the_right_words() {
    let mut problems = String::new();
    for file in files("err") {
        let report = check(&file);
        if report.has_errors() {
            compare(&file, &report.human(false), &mut problems);
        } else {
            let _ = writeln!(problems, "{} is accepted", file.display());
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

/// Codes that no single small file can show, and the tests that do.
const ELSEWHERE: [(Code, &str, &str); 3] = [
    (Code::FileUnreadable, "cli.rs", "missing_file_is_named"),
    (Code::TooManyFields, "hostile.rs", "more_fields_than_ids"),
    (
        Code::FieldIdsExhausted,
        "hostile.rs",
        "more_fields_than_ids",
    ),
];

#[test]
fn every_code_is_tested() {
    let mut seen = BTreeSet::new();
    for file in files("ok").into_iter().chain(files("err")) {
        seen.extend(check(&file).diagnostics().iter().map(|d| d.code.name()));
    }
    for (code, file, test) in ELSEWHERE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(file);
        assert!(
            std::fs::read_to_string(path)
                .unwrap()
                .contains(&format!("fn {test}(")),
            "{test}"
        );
        seen.insert(code.name());
    }
    let missing: Vec<_> = Code::ALL
        .iter()
        .map(|c| c.name())
        .filter(|c| !seen.contains(c))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_stderr_has_its_file() {
    for folder in ["ok", "err"] {
        for entry in std::fs::read_dir(testdata().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "stderr") {
                assert!(path.with_extension("thrift").exists(), "{}", path.display());
            }
        }
    }
}
