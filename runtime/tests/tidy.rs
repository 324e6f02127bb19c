//! What `docs/architecture.md` says of the runtime's sources, enforced.

#[path = "../../testdata/tidy/mod.rs"]
mod tidy;

use tidy::Tree;

fn tree() -> Tree {
    Tree::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

#[test]
fn modules_know_only_what_is_below_them() {
    let bottom: &[&str] = &["envelope", "error", "limits", "wire"];
    let with = |more: &[&'static str]| [bottom, more].concat();
    tree().check_edges(&[
        ("wire", &[]),
        ("limits", &[]),
        ("error", &[]),
        ("peer", &[]),
        ("deadline", &[]),
        ("envelope", &[]),
        ("trace", &["envelope", "error"]),
        ("fast", &["protocol"]),
        ("protocol", &with(&["fast"])),
        ("codec", &with(&["protocol"])),
        // Messages, not types.
        ("transport", &with(&["peer", "protocol"])),
        // Bytes at hand: what they look like, and what is in them.
        ("inspect", &with(&["codec", "protocol", "transport"])),
        // Neither threads nor sockets.
        (
            "processor",
            &with(&["codec", "deadline", "peer", "protocol", "trace"]),
        ),
        // Around processors and clients.
        ("interceptor", &with(&["deadline", "processor", "protocol"])),
        ("config", &with(&["peer", "transport"])),
        (
            "server",
            &with(&[
                "config",
                "deadline",
                "peer",
                "processor",
                "protocol",
                "transport",
            ]),
        ),
        ("introspection", &with(&["processor", "server"])),
        (
            "client",
            &with(&[
                "codec",
                "config",
                "deadline",
                "interceptor",
                "peer",
                "processor",
                "protocol",
                "trace",
                "transport",
            ]),
        ),
    ]);
}

#[test]
fn protocols_do_no_io() {
    for word in ["std::net", "std::time", "std::thread", "Instant::now"] {
        tree().check_not_in(word, &["protocol", "codec", "processor", "wire", "limits"]);
    }
}

#[test]
fn the_library_prints_nothing() {
    for word in ["println!", "eprintln!", "process::exit"] {
        tree().check_only_in(word, &[]);
    }
}

#[test]
fn unsafe_code_is_in_two_places() {
    for word in ["unsafe {", "unsafe fn", "unsafe_code"] {
        tree().check_only_in_files(word, &["fast.rs", "transport/shm/memory.rs"]);
    }
}

#[test]
fn every_file_says_what_it_is_and_is_of_a_readable_size() {
    for folder in [
        "/src",
        "/tests",
        "/benches",
        "/../examples",
        "/../idl-compiler/tests",
    ] {
        let root = env!("CARGO_MANIFEST_DIR").to_owned();
        Tree::read(&(root + folder)).check_files();
    }
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    tidy::check_links(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
}

/// The [matrix](../../examples/tests/live/cross) writes its table there, which nothing else needs.
#[test]
fn results_of_the_cross_tests_are_documented() {
    let page = include_str!("../../docs/interop.md");
    let table = page.split("<!-- cross tests: begin -->").nth(1).unwrap();
    let table = table.split("<!-- cross tests: end -->").next().unwrap();
    for peer in ["C++", "Python", "Go", "Java", "Node"] {
        assert!(table.contains(&format!("\n| {peer} | ")), "{peer}");
    }
}

#[test]
fn a_tenth_of_the_lines_is_documentation() {
    let (docs, all) = tree().documentation();
    assert!(docs * 10 >= all, "{docs} of {all} lines");
}
