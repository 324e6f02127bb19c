//! The README shows the example that is compiled, not one that was.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn readme_shows_the_hello_example() {
    let readme = read("README.md");
    let main = read("examples/hello/main.rs");
    let main = main
        .trim_start_matches("//! The example of the README.")
        .trim();
    assert!(readme.contains(&format!("```rust\n{main}\n```")));
    let idl = read("examples/hello/hello.thrift");
    assert!(readme.contains(&format!("```thrift\n{}\n```", idl.trim())));
    assert!(main.lines().filter(|line| !line.is_empty()).count() <= 20);
}

/// A reader who copies a program has it as rustfmt wants it.
#[test]
fn whole_programs_in_the_documentation_are_formatted() {
    let folder = tempfile::tempdir().unwrap();
    let mut programs = 0;
    for page in ["README.md", "docs/getting-started.md"] {
        for block in read(page).split("```rust\n").skip(1) {
            let program = block.split("```").next().unwrap();
            if program.contains("fn main() ") && !program.contains('…') {
                let file = folder.path().join(format!("{programs}.rs"));
                std::fs::write(&file, program).unwrap();
                programs += 1;
            }
        }
    }
    assert_eq!(programs, 5);
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .args((0..programs).map(|number| folder.path().join(format!("{number}.rs"))))
        .output()
        .unwrap();
    let difference = String::from_utf8_lossy(&formatted.stdout).into_owned();
    assert!(formatted.status.success(), "{difference}");
}

#[test]
fn readme_has_a_command_for_every_example() {
    let readme = read("README.md");
    for bin in read("examples/Cargo.toml")
        .split("[[bin]]\nname = \"")
        .skip(1)
    {
        let name = bin.split('"').next().unwrap();
        let named = ["", "--release "].iter().any(|release| {
            let command = format!("`cargo run {release}--bin {name}");
            let mut ends = ["`", " -- ", " --features "].iter();
            ends.any(|end| readme.contains(&format!("{command}{end}")))
        });
        assert!(named, "{name}");
    }
}

#[test]
fn readme_names_every_example() {
    let readme = read("README.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("main.rs").exists() || entry.path().join("server.rs").exists() {
            let name = entry.file_name().into_string().unwrap();
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
