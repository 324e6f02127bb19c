//! Whatever is in a file, the compiler comes back with a program or with errors that have places.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use proptest::prelude::*;
use support::{compile, testdata};

fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "struct",
        "union",
        "exception",
        "enum",
        "service",
        "const",
        "typedef",
        "include",
        "namespace",
        "rs",
        "S",
        "T",
        "E.A",
        "a",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        ",",
        ";",
        ":",
        "=",
        "&",
        "*",
        "1",
        "-1",
        "0x1F",
        "5.0",
        "true",
        "\"s\"",
        "'t'",
        "list",
        "set",
        "map",
        "i32",
        "i8",
        "bool",
        "string",
        "uuid",
        "void",
        "oneway",
        "async",
        "throws",
        "extends",
        "required",
        "optional",
        "cpp_type",
        "xsd_attrs",
        "/** d */",
        "// c\n",
        "\n",
        "/*",
        "\"",
        "@",
        "\u{0}",
        "é",
    ]);
    prop::collection::vec(word, 0..120).prop_map(|words| words.join(" "))
}

/// Every fixture's text.
fn corpus() -> Vec<Vec<u8>> {
    let folders = ["ok", "err"].map(|folder| std::fs::read_dir(testdata().join(folder)).unwrap());
    let mut paths: Vec<_> = folders
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "thrift"));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .filter(|text| text.len() < 4096)
        .collect()
}

/// A text of the corpus with a few bytes replaced, removed, or taken from another.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let corpus = corpus();
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..4_u8,
        any::<u8>(),
    );
    let edits = prop::collection::vec(edit, 0..12);
    (
        prop::sample::select(corpus.clone()),
        prop::sample::select(corpus),
        edits,
    )
        .prop_map(|(mut text, other, edits)| {
            for (at, until, kind, byte) in edits {
                if text.is_empty() || other.is_empty() {
                    break;
                }
                let at = at.index(text.len());
                match kind {
                    0 => text[at] = byte,
                    1 => drop(text.remove(at)),
                    2 => {
                        let end = at + until.index(text.len() - at);
                        text.drain(at..end);
                    }
                    _ => {
                        let from = until.index(other.len());
                        let piece = other[from..(from + 20).min(other.len())].to_vec();
                        text.splice(at..at, piece);
                    }
                }
            }
            text
        })
}

fn holds(text: &[u8]) -> Result<(), TestCaseError> {
    let (program, report) = compile(text);
    prop_assert_eq!(program.is_some(), !report.has_errors());
    for diagnostic in report.diagnostics() {
        let place = diagnostic.labels.first();
        prop_assert!(place.is_some(), "{:?}", diagnostic);
        for label in &diagnostic.labels {
            let span = label.at.span;
            let text = report.sources()[label.at.file].text();
            prop_assert!(
                span.start <= span.end && text.get(span.range()).is_some(),
                "{:?}",
                diagnostic
            );
        }
    }
    let _ = (report.human(false), report.json());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_soup_never_panics(text in soup()) {
        holds(text.as_bytes())?;
    }

    #[test]
    fn mutated_files_never_panic(text in mutated()) {
        holds(&text)?;
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&bytes)?;
    }
}
