//! `testdata/idl/probes.tsv`: small files with the verdict of Apache's compiler and ours.
//!
//! Where the two differ there is a reason, and `docs/idl.md` names the probe.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use seapink_idl::{LoadOptions, Memory, load};
use std::path::Path;
use support::testdata;

struct Probe {
    name: String,
    strict: bool,
    apache: String,
    ours: String,
    reason: String,
    idl: Vec<u8>,
}

fn probes() -> Vec<Probe> {
    let table = std::fs::read_to_string(testdata().join("probes.tsv")).unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let probe = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, options, apache, ours, reason, idl] = cells[..] else {
            panic!("six columns: {line}");
        };
        Probe {
            name: name.to_owned(),
            strict: options == "strict",
            apache: apache.to_owned(),
            ours: ours.to_owned(),
            reason: reason.to_owned(),
            idl: unescape(idl),
        }
    };
    lines.map(probe).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next().unwrap() {
                b'n' => b'\n',
                b'\\' => b'\\',
                b'x' => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => panic!("unknown escape {}", char::from(other)),
            },
            byte => byte,
        });
    }
    out
}

#[test]
fn verdicts_are_as_listed() {
    let mut wrong = Vec::new();
    let probes = probes();
    assert!(probes.len() >= 105, "{}", probes.len());
    for probe in &probes {
        let file = format!("{}.thrift", probe.name);
        let files = Memory::new().with(&file, probe.idl.clone());
        let options = LoadOptions {
            strict: probe.strict,
            ..LoadOptions::default()
        };
        let (program, report) = load(&files, &[file.into()], &options);
        let verdict = if program.is_some() {
            "accept"
        } else {
            "refuse"
        };
        if verdict != probe.ours {
            wrong.push(format!(
                "{}: {verdict}\n{}",
                probe.name,
                report.human(false)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn differences_have_reasons_and_are_documented() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/idl.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for probe in probes() {
        let differs = probe.apache != probe.ours;
        assert_eq!(differs, !probe.reason.is_empty(), "{}", probe.name);
        assert!(
            !differs || docs.contains(&format!("`{}`", probe.name)),
            "{} is not in docs/idl.md",
            probe.name
        );
    }
}
