//! What `docs/architecture.md` says of the compiler's sources, enforced.

#[path = "../../testdata/tidy/mod.rs"]
mod tidy;

use tidy::Tree;

fn tree() -> Tree {
    Tree::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

#[test]
fn modules_know_only_what_is_below_them() {
    tree().check_edges(&[
        ("source", &[]),
        ("model", &[]),
        ("diagnostic", &["source"]),
        ("ast", &["model", "source"]),
        ("parser", &["ast", "diagnostic", "model", "source"]),
        ("loader", &["ast", "diagnostic", "parser", "source"]),
        (
            "resolve",
            &["ast", "diagnostic", "loader", "model", "parser", "source"],
        ),
        // A backend sees the model and cannot fail.
        ("emit", &["model"]),
        ("output", &["emit"]),
        ("build", &["emit", "loader", "output"]),
    ]);
}

#[test]
fn only_the_loader_reads_files_and_only_output_writes_them() {
    tree().check_only_in("std::fs", &["loader", "output"]);
    tree().check_only_in("File::open", &["loader"]);
}

#[test]
fn only_the_command_prints_and_exits() {
    tree().check_only_in("println!", &["cli", "build"]);
    tree().check_only_in("process::exit", &["main"]);
}

#[test]
fn the_wording_of_diagnostics_is_in_the_catalogue() {
    tree().check_only_in("Diagnostic::new(", &["diagnostic"]);
}

#[test]
fn every_file_says_what_it_is_and_is_of_a_readable_size() {
    tree().check_files();
}
