//! How long the compiler and what it emits take, beside Apache's on the same IDL.
//!
//! No limit is asserted: machines differ. Both sides run in turn, and medians are printed.
//!
//! ```text
//! cargo bench -p seapink-examples --features live --bench figures
//! ```

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::crates::ScratchCrate;
use support::process::run;
use support::{Result, fresh, install, repository, scratch};

const STRUCTS: usize = 2_000;
const FIELDS: usize = 10;
const SERVICES: usize = 20;
const FUNCTIONS: usize = 10;
/// Structs that refer to the first of them.
const GROUP: usize = 20;

const QUICK: Duration = Duration::from_mins(1);
const BUILD: Duration = Duration::from_mins(10);

fn main() -> Result {
    let dir = fresh("figures")?;
    let idl = dir.join("large.thrift");
    fs::write(&idl, large_idl()?)?;
    println!("{} lines of IDL", lines(&idl)?);

    let ours = ScratchCrate::new("figures-seapink")?;
    let mut generate = Command::new(compiler()?);
    generate.args(["generate", "rust", "--layout", "tree", "-o"]);
    generate.arg(ours.dir.join("src")).arg(&idl);

    let theirs = ScratchCrate::with("figures-apache", "thrift = \"=0.17.0\"")?;
    let mut generate_theirs = Command::new(install::thrift_compiler()?);
    generate_theirs.args(["--gen", "rs", "-out"]);
    generate_theirs.arg(theirs.dir.join("src")).arg(&idl);

    let times = in_turn(
        21,
        || seconds(&mut generate, QUICK),
        || seconds(&mut generate_theirs, QUICK),
    )?;
    report("to generate", &times);
    for scratch in [&ours, &theirs] {
        let file = scratch.dir.join("src/large.rs");
        println!("  {} lines in {}", lines(&file)?, scratch.dir.display());
        scratch.write("src/lib.rs", "//! Generated.\n\npub mod large;\n")?;
    }

    // Not `cargo build`: our code is generic and would be compiled by whoever uses it.
    let mut fetch = Command::new(env!("CARGO"));
    run(fetch.arg("fetch").current_dir(&theirs.dir), BUILD)?;
    let mut check = ours.cargo("check")?;
    let mut check_theirs = theirs.cargo("check")?;
    let times = in_turn(
        5,
        || check_again(&ours, &mut check),
        || check_again(&theirs, &mut check_theirs),
    )?;
    report("for `cargo check`", &times);
    Ok(())
}

/// Structs of mixed fields that refer to each other, and services that use them.
fn large_idl() -> Result<String> {
    let types = [
        "i32",
        "string",
        "bool",
        "i64",
        "double",
        "binary",
        "list<string>",
        "map<string, i64>",
        "set<i32>",
    ];
    let mut idl = String::from("namespace rs large\n\n");
    for number in 0..STRUCTS {
        writeln!(
            idl,
            "/** The struct no. {number}. */\nstruct Record{number} {{"
        )?;
        for field in 1..FIELDS {
            let ty = types[(number + field) % types.len()];
            let need = ["", "required ", "optional "][field % 3];
            writeln!(idl, "  {field}: {need}{ty} field_{field}")?;
        }
        // Groups, because rustc gives up on types that are nested more than 128 deep.
        let ty = match number % GROUP {
            0 => "i32".to_owned(),
            place => format!("list<Record{}>", number - place),
        };
        writeln!(idl, "  {FIELDS}: {ty} others\n}}\n")?;
    }
    for number in 0..SERVICES {
        writeln!(idl, "service Service{number} {{")?;
        for function in 0..FUNCTIONS {
            let record = number * FUNCTIONS + function;
            writeln!(
                idl,
                "  Record{record} change{function}(1: Record{record} record, 2: i32 amount)"
            )?;
        }
        writeln!(idl, "}}\n")?;
    }
    Ok(idl)
}

/// Our compiler as users have it: a program, optimised.
fn compiler() -> Result<PathBuf> {
    let target = scratch("target")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--offline", "--quiet"])
        .args(["--package", "seapink-idl", "--bin", "idl-compiler"])
        .arg("--target-dir")
        .arg(&target);
    run(cargo.current_dir(repository()), BUILD)?;
    Ok(target.join("release/idl-compiler"))
}

fn lines(file: &Path) -> Result<usize> {
    Ok(fs::read_to_string(file)?.lines().count())
}

fn seconds(command: &mut Command, timeout: Duration) -> Result<f64> {
    let started = Instant::now();
    run(command, timeout)?;
    Ok(started.elapsed().as_secs_f64())
}

/// The crate alone: its dependencies are built in the first, uncounted turn.
fn check_again(scratch: &ScratchCrate, command: &mut Command) -> Result<f64> {
    scratch.write("src/lib.rs", "//! Generated.\n\npub mod large;\n")?;
    seconds(command, BUILD)
}

/// One uncounted turn, then this many.
fn in_turn(
    turns: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut theirs: impl FnMut() -> Result<f64>,
) -> Result<Vec<(f64, f64)>> {
    ours()?;
    theirs()?;
    (0..turns).map(|_| Ok((ours()?, theirs()?))).collect()
}

fn report(what: &str, times: &[(f64, f64)]) {
    let median = |value: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = times.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!(
        "{:.3} s {what}, Apache {:.3} s, ratio {:.2} (medians of {} pairs)",
        median(|pair| pair.0),
        median(|pair| pair.1),
        median(|pair| pair.0 / pair.1),
        times.len()
    );
}
