//! The real binary: arguments, exit codes, what goes where.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Sandbox { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idl-compiler"));
        command.args(args).current_dir(self.dir.path());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> Output {
        let output = self.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        output
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const GOOD: &str = "namespace rs demo\nstruct S {\n  1: i32 a\n}\n";
const BAD: &str = "struct S {\n  1: Missing a\n}\n";

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn exit_codes_tell_who_is_at_fault() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD), ("bad.thrift", BAD)]);
    assert_eq!(stderr(&sandbox.run(&["check", "good.thrift"], 0)), "");
    assert!(stderr(&sandbox.run(&["check", "bad.thrift"], 1)).contains("bad.thrift:2:6"));
    sandbox.run(&["generate", "rust", "bad.thrift"], 1);
    sandbox.run(&["check"], 2);
    sandbox.run(&["generate", "cobol", "good.thrift"], 2);
    sandbox.run(&["check", "good.thrift", "--format", "xml"], 2);
}

#[test]
fn habits_of_apaches_compiler_get_a_hint() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    let text = |args: &[&str]| stderr(&sandbox.run(args, 2));
    assert!(text(&["--gen", "rs", "good.thrift"]).contains("hint: `--gen rs` is"));
    assert!(text(&["generate", "python", "good.thrift"]).contains("hint: only `generate rust`"));
    assert!(text(&["generate", "rust", "good.thrift", "-out", "gen"]).contains("write `-o DIR`"));
    assert!(!sandbox.path("ut").exists());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    let args = ["generate", "rust", "good.thrift", "-o", "good.thrift/api"];
    let text = stderr(&sandbox.run(&args, 2));
    assert!(
        text.contains("cannot create the directory `good.thrift/api`: "),
        "{text}"
    );
}

#[test]
fn missing_file_is_named() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    let output = sandbox.run(&["check", "godo.thrift"], 2);
    assert!(stderr(&output).contains("cannot read `godo.thrift`: there is no such file"));
    assert!(stderr(&output).contains("did you mean `good.thrift`?"));
}

#[test]
fn directory_as_input_is_named() {
    let sandbox = Sandbox::new(&[("dir/good.thrift", GOOD)]);
    let output = sandbox.run(&["check", "dir"], 2);
    assert!(stderr(&output).contains("cannot read `dir`: it is a directory"));
}

#[test]
fn all_files_are_checked_in_one_run() {
    let sandbox = Sandbox::new(&[("a.thrift", BAD), ("b.thrift", BAD)]);
    let text = stderr(&sandbox.run(&["check", "a.thrift", "missing.thrift", "b.thrift"], 2));
    assert!(
        text.contains("a.thrift:2:6")
            && text.contains("b.thrift:2:6")
            && text.contains("missing.thrift")
    );
    assert!(text.ends_with("3 errors\n"), "{text}");
}

#[test]
fn include_directories_are_searched_in_order() {
    let include = "include \"common.thrift\"\nstruct S {\n  1: common.T t\n}\n";
    let sandbox = Sandbox::new(&[
        ("main.thrift", include),
        ("one/common.thrift", "struct T {}\n"),
        ("two/common.thrift", "struct U {}\n"),
    ]);
    sandbox.run(&["check", "main.thrift"], 1);
    sandbox.run(&["check", "main.thrift", "-I", "one"], 0);
    sandbox.run(&["check", "main.thrift", "-Ione", "-I", "two"], 0);
    sandbox.run(&["check", "-I", "two", "-I", "one", "main.thrift"], 1);
}

#[test]
fn json_goes_to_standard_output() {
    let sandbox = Sandbox::new(&[("twice.thrift", "struct Ä {}\nstruct S {}\nstruct S {}\n")]);
    let output = sandbox.run(&["check", "twice.thrift", "--format", "json"], 1);
    assert_eq!(stderr(&output), "");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["errors"], 3);
    assert_eq!(json["warnings"], 0);
    let diagnostics = json["diagnostics"].as_array().unwrap();
    let twice = diagnostics
        .iter()
        .find(|d| d["code"] == "duplicate-definition")
        .unwrap();
    assert_eq!(twice["file"], "twice.thrift");
    assert_eq!((&twice["line"], &twice["column"]), (&3.into(), &8.into()));
    assert_eq!(
        (&twice["end"]["line"], &twice["end"]["column"]),
        (&3.into(), &9.into())
    );
    assert_eq!(twice["severity"], "error");
    assert_eq!(twice["labels"][1]["line"], 2);
    assert_eq!(twice["labels"][1]["text"], "first defined here");
    assert!(twice["message"].is_string() && twice["help"].is_null());
    let output = sandbox.run(&["check", "none.thrift", "--format", "json"], 2);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["diagnostics"][0]["code"], "file-unreadable");
    assert!(json["diagnostics"][0]["line"].is_null());
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let sandbox = Sandbox::new(&[("bad.thrift", BAD)]);
    assert!(!stderr(&sandbox.run(&["check", "bad.thrift"], 1)).contains('\x1b'));
    let run = |variables: &[(&str, &str)]| {
        let mut command = sandbox.command(&["check", "bad.thrift"]);
        stderr(&command.envs(variables.iter().copied()).output().unwrap())
    };
    assert!(run(&[("CLICOLOR_FORCE", "1")]).contains('\x1b'));
    assert!(!run(&[("NO_COLOR", "1")]).contains('\x1b'));
}

#[test]
fn output_directory_is_created_and_nothing_is_written_beside_it() {
    let sandbox = Sandbox::new(&[("idl/good.thrift", GOOD)]);
    sandbox.run(
        &["generate", "rust", "idl/good.thrift", "-o", "new/deep"],
        0,
    );
    let tree = sandbox.run(
        &[
            "generate",
            "rust",
            "idl/good.thrift",
            "--layout",
            "tree",
            "--out",
            "tree",
        ],
        0,
    );
    assert_eq!(
        (stdout(&tree), stderr(&tree)),
        (String::new(), String::new())
    );
    let top: Vec<_> = std::fs::read_dir(sandbox.dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        top.iter()
            .all(|name| ["idl", "new", "tree"].iter().any(|known| name == known)),
        "{top:?}"
    );
    assert_eq!(rust_files(&sandbox.path("idl")).len(), 1);
}

#[test]
fn unchanged_output_keeps_its_time() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    let generate = || sandbox.run(&["generate", "rust", "good.thrift", "-o", "out"], 0);
    generate();
    let files = rust_files(&sandbox.path("out"));
    assert!(!files.is_empty());
    let old = SystemTime::now() - Duration::from_secs(1000);
    for file in &files {
        std::fs::File::options()
            .write(true)
            .open(file)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    generate();
    for file in &files {
        assert_eq!(
            file.metadata().unwrap().modified().unwrap(),
            old,
            "{}",
            file.display()
        );
    }
    let older = "// Generated by seapink-idl from an older file.";
    std::fs::write(&files[0], older).unwrap();
    generate();
    assert!(files[0].metadata().unwrap().modified().unwrap() > old);
}

#[test]
fn a_file_written_by_hand_is_never_overwritten() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD), ("out/mod.rs", "mod mine;")]);
    let output = sandbox.run(&["generate", "rust", "good.thrift", "-o", "out"], 2);
    assert!(
        stderr(&output).contains("was not generated by this compiler"),
        "{}",
        stderr(&output)
    );
    let kept = std::fs::read_to_string(sandbox.path("out/mod.rs"));
    assert_eq!(kept.unwrap(), "mod mine;");
}

#[test]
fn unwritable_output_is_named() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD), ("taken", "a file")]);
    let output = sandbox.run(&["generate", "rust", "good.thrift", "-o", "taken"], 2);
    assert!(
        stderr(&output).contains("cannot create the directory `taken`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn names_cannot_lead_out_of_the_output_directory() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    for name in ["../up", "/etc/x", "", ".", "a/b", "a b"] {
        let args = [
            "generate",
            "rust",
            "good.thrift",
            "--layout",
            "tree",
            "-o",
            "out",
            "--name",
            name,
        ];
        assert!(
            stderr(&sandbox.run(&args, 2)).contains("cannot name a file"),
            "{name}"
        );
    }
    assert!(!sandbox.path("out").exists());
    let args = ["generate", "rust", "good.thrift", "--name", "x"];
    assert!(stderr(&sandbox.run(&args, 2)).contains("`--name` needs `--layout tree`"));
}

#[test]
fn options_of_the_generator_are_accepted() {
    let sandbox = Sandbox::new(&[("good.thrift", GOOD)]);
    let args = [
        "generate",
        "rust",
        "good.thrift",
        "-o",
        "out",
        "--layout",
        "tree",
        "--name",
        "api",
        "--collections",
        "btree",
        "--binary",
        "bytes",
        "--derive",
        "::serde::Serialize",
        "--derive",
        "::serde::Deserialize",
        "--strict",
    ];
    sandbox.run(&args, 0);
    assert!(sandbox.path("out/api.rs").exists());
}

#[test]
fn futures_are_emitted_for_those_who_ask() {
    let sandbox = Sandbox::new(&[("a.thrift", "service Adder { i32 add(1: i32 a) }\n")]);
    let emitted = |out: &str| {
        let files = rust_files(&sandbox.path(out));
        let texts = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap());
        texts.collect::<String>()
    };
    sandbox.run(&["generate", "rust", "a.thrift", "-o", "plain"], 0);
    assert!(!emitted("plain").contains("Async"));
    sandbox.run(
        &["generate", "rust", "--async", "a.thrift", "-o", "more"],
        0,
    );
    for item in [
        "trait Adder:",
        "trait AdderAsync:",
        "struct AdderAsyncClient",
    ] {
        assert!(emitted("more").contains(item), "{item}");
    }
}

#[test]
fn warnings_are_shown_and_do_not_fail() {
    let sandbox = Sandbox::new(&[("warn.thrift", "struct S {\n  i32 a\n}\n")]);
    let output = sandbox.run(&["generate", "rust", "warn.thrift", "-o", "out"], 0);
    assert!(stderr(&output).contains("warning[implicit-field-ids]"));
    sandbox.run(&["check", "--strict", "warn.thrift"], 1);
}

#[test]
fn help_has_examples_and_version_has_a_number() {
    let sandbox = Sandbox::new(&[]);
    assert!(
        stdout(&sandbox.run(&["--help"], 0))
            .contains("idl-compiler generate rust calculator.thrift")
    );
    assert!(stdout(&sandbox.run(&["generate", "rust", "--help"], 0)).contains("--collections"));
    assert!(stdout(&sandbox.run(&["--version"], 0)).starts_with("idl-compiler 0."));
}

#[test]
fn a_file_reached_twice_is_loaded_once() {
    let include = "namespace rs two\ninclude \"good.thrift\"\ninclude \"../idl/good.thrift\"\n";
    let sandbox = Sandbox::new(&[("idl/good.thrift", GOOD), ("idl/two.thrift", include)]);
    sandbox.run(
        &[
            "check",
            "idl/good.thrift",
            "./idl/good.thrift",
            "idl/two.thrift",
            "idl/../idl/two.thrift",
        ],
        0,
    );
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_not_read() {
    let sandbox = Sandbox::new(&[("dev.thrift", "include \"/dev/zero\"\n")]);
    let output = sandbox.run(&["check", "dev.thrift"], 1);
    assert!(
        stderr(&output).contains("it is not a regular file"),
        "{}",
        stderr(&output)
    );
    sandbox.run(&["check", "/dev/zero"], 2);
}
