//! What a build script calls.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

use seapink_idl::emit::rust::{BinaryType, Collection, Layout};
use seapink_idl::{Builder, Error};
use std::path::Path;
use tempfile::TempDir;

fn project(text: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("idl")).unwrap();
    std::fs::write(
        dir.path().join("idl/shared.thrift"),
        "namespace rs shared\nstruct Item {}\n",
    )
    .unwrap();
    std::fs::write(dir.path().join("calculator.thrift"), text).unwrap();
    dir
}

const GOOD: &str = "include \"shared.thrift\"\nstruct S {\n  1: shared.Item item\n}\n";

fn builder(dir: &Path) -> Builder {
    Builder::new()
        .include(dir.join("idl"))
        .out_dir(dir.join("out"))
        .cargo_messages(false)
}

#[test]
fn one_file_is_written_and_named_after_the_first_input() {
    let dir = project(GOOD);
    builder(dir.path())
        .compile(&[dir.path().join("calculator.thrift")])
        .unwrap();
    assert!(dir.path().join("out/calculator.rs").exists());
    builder(dir.path())
        .name("api")
        .compile(&[dir.path().join("calculator.thrift")])
        .unwrap();
    assert!(dir.path().join("out/api.rs").exists());
}

#[test]
fn futures_are_emitted_for_those_who_ask() {
    let dir = project("service Adder { i32 add(1: i32 a) }\n");
    for asynchronous in [false, true] {
        builder(dir.path())
            .asynchronous(asynchronous)
            .compile(&[dir.path().join("calculator.thrift")])
            .unwrap();
        let text = std::fs::read_to_string(dir.path().join("out/calculator.rs")).unwrap();
        assert_eq!(text.contains("pub trait AdderAsync:"), asynchronous);
        assert!(text.contains("pub trait Adder:"));
        // Without the runtime's feature, this line says that it is needed.
        let told = text.contains("::seapink::codegen::asynchronous!();");
        assert_eq!(told, asynchronous);
    }
}

#[test]
fn all_options_are_accepted() {
    let dir = project(GOOD);
    let all = builder(dir.path())
        .layout(Layout::Tree {
            name: "tree".to_owned(),
        })
        .collection(Collection::BTree)
        .binary(BinaryType::Bytes)
        .derive("::serde::Serialize")
        .strict(true);
    all.compile(&[dir.path().join("calculator.thrift")])
        .unwrap();
    assert!(dir.path().join("out/tree.rs").exists());
    builder(dir.path())
        .layout(Layout::Modules)
        .compile(&[dir.path().join("calculator.thrift")])
        .unwrap();
}

#[test]
fn debug_of_an_error_is_the_report() {
    let dir = project("struct S {\n  1: Missing m\n}\n");
    let error: Error = builder(dir.path())
        .compile(&[dir.path().join("calculator.thrift")])
        .unwrap_err();
    let text = format!("{error:?}");
    assert!(
        text.contains("error[unknown-type]: there is no type `Missing`"),
        "{text}"
    );
    assert!(text.contains("2 |   1: Missing m"), "{text}");
    assert_eq!(text, error.to_string());
    assert!(!dir.path().join("out").exists());
}

#[test]
fn wrong_use_is_an_error_too() {
    let dir = project(GOOD);
    let text = |result: Result<(), Error>| result.unwrap_err().to_string();
    let file = dir.path().join("calculator.thrift");
    assert!(text(builder(dir.path()).compile(&[] as &[&str])).contains("no IDL file"));
    assert!(
        text(builder(dir.path()).name("../x").compile(&[&file])).contains("cannot name a file")
    );
    let blocked = builder(dir.path()).out_dir(&file);
    let expected = format!("cannot create the directory `{}`: ", file.display());
    assert!(text(blocked.compile(&[&file])).starts_with(&expected));
    let missing = text(builder(dir.path()).compile(&[dir.path().join("missing.thrift")]));
    assert!(missing.contains("there is no such file"), "{missing}");
    assert!(missing.starts_with("an IDL file cannot be read; relative paths count from `"));
    let unfound = dir.path().join("unfound.thrift");
    std::fs::write(&unfound, "include \"nowhere.thrift\"\n").unwrap();
    let unfound = text(builder(dir.path()).compile(&[&unfound]));
    assert!(unfound.starts_with("the IDL has errors\n"), "{unfound}");
    assert!(
        unfound.contains("in a build script with `Builder::include`"),
        "{unfound}"
    );
}
