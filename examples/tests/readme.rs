//! The README shows the example that is compiled, not one that was.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::path::Path;

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
