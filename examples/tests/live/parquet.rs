//! The structs of real Parquet files, which two libraries wrote in the compact protocol: read and
//! written again to the same bytes, by code from the IDL that one of them ships.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use support::crates::ScratchCrate;
use support::process::run;
use support::{Result, fresh, install, repository};

const QUICK: Duration = Duration::from_mins(1);
const BUILD: Duration = Duration::from_mins(5);

/// Fields that `pyarrow` writes and the IDL of `fastparquet`, which is older, does not have. They are
/// skipped when they are read, so they are not there when the struct is written.
const NEWER: [(&str, &str); 10] = [
    ("footer 4.1.3.12.7", "Statistics.is_max_value_exact"),
    ("footer 4.1.3.12.8", "Statistics.is_min_value_exact"),
    ("footer 4.1.3.16", "ColumnMetaData.size_statistics"),
    (
        "footer 4.1.3.16.1",
        "SizeStatistics.unencoded_byte_array_data_bytes",
    ),
    (
        "footer 4.1.3.16.2",
        "SizeStatistics.repetition_level_histogram",
    ),
    (
        "footer 4.1.3.16.3",
        "SizeStatistics.definition_level_histogram",
    ),
    ("page 5.5.7", "Statistics.is_max_value_exact"),
    ("page 5.5.8", "Statistics.is_min_value_exact"),
    ("column index 7", "ColumnIndex.definition_level_histograms"),
    (
        "offset index 2",
        "OffsetIndex.unencoded_byte_array_data_bytes",
    ),
];

#[test]
fn parquet_structs_come_back_byte_for_byte() -> Result {
    let python = install::python()?;
    let files = fresh("parquet-files")?;
    let mut writer = Command::new(&python);
    writer
        .arg("-B")
        .arg(repository().join("examples/live/parquet_files.py"))
        .arg(&files);
    let expected = run(&mut writer, QUICK)?.stdout;

    let reader = build_reader()?;
    let paths = support::files(&files, ".parquet")?;
    let found = run(Command::new(reader).args(&paths), QUICK)?.stdout;
    // For each file, a line that its writer has as well, and one of our own.
    let (theirs, ours): (Vec<&str>, Vec<&str>) = found
        .lines()
        .partition(|line| !line.starts_with("structs "));
    assert_eq!(theirs, expected.lines().collect::<Vec<_>>());

    let mut unknown = BTreeSet::new();
    for (file, line) in paths.iter().zip(&ours) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let by_arrow = name.starts_with("arrow-");
        let fields = line.split("unknown ").last().unwrap_or_default();
        let fields: Vec<&str> = fields.split('"').skip(1).step_by(2).collect();
        assert!(by_arrow || fields.is_empty(), "{name}: {line}");
        // `fastparquet` writes an empty list without the type of its elements.
        let typed = line.ends_with("untyped empty lists 0");
        assert_eq!(typed, by_arrow, "{name}: {line}");
        unknown.extend(fields);
    }
    let newer = BTreeSet::from(NEWER.map(|(path, _)| path));
    assert_eq!(unknown, newer, "fields that the IDL does not have");
    println!("{} files", paths.len());
    example_reads(&paths, &expected)
}

/// The example `parquet-footer` reads each of them in all of its ways, and says of it what its writer
/// says.
fn example_reads(paths: &[PathBuf], expected: &str) -> Result {
    for (path, line) in paths.iter().zip(expected.lines()) {
        let (_, facts) = line.split_once(": rows ").ok_or("no rows")?;
        let (rows, facts) = facts.split_once(", groups ").ok_or("no groups")?;
        let (groups, _) = facts.split_once(", ").ok_or("no leaves")?;
        let (_, writer) = facts.split_once(", by ").ok_or("no writer")?;
        let mut program = Command::new(env!("CARGO_BIN_EXE_parquet-footer"));
        let said = run(program.arg(path).arg("--columns"), QUICK)?.stdout;
        let summary = format!("\n{rows} rows in {groups} row groups, written by {writer}\n");
        assert!(
            said.starts_with("schema\n") && said.contains(&summary),
            "{summary}{said}"
        );
        assert!(said.ends_with("the schema and numbers of rows"), "{said}");
    }
    Ok(())
}

/// Emits code for the IDL into a crate with the program that reads the files.
fn build_reader() -> Result<PathBuf> {
    let idl = install::python_packages()?.join("fastparquet/parquet.thrift");
    let reader = ScratchCrate::new("parquet-reader")?;
    seapink_idl::Builder::new()
        .out_dir(reader.dir.join("src"))
        .cargo_messages(false)
        .compile(&[idl])?;
    let program = repository().join("examples/live/parquet_footers.rs");
    fs::copy(program, reader.dir.join("src/main.rs"))?;
    run(&mut reader.cargo("build")?, BUILD)?;
    reader.program()
}
