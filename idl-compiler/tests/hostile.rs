//! Files made to hurt: each must end in a located error or a program, soon, on a small stack.

#![allow(clippy::unwrap_used)] // A failed expectation is a failed test.

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};
use support::{codes, compile};

/// Generous, since tests run without optimization and beside others; what these files provoke when
/// something is quadratic takes minutes.
const TIME_MAX: Duration = Duration::from_secs(20);
/// What a main thread has on Windows; other systems give eight times as much.
const STACK_BYTES: usize = 1 << 20;

/// Compiles on a small stack; gives the number of errors and the first code.
#[track_caller]
fn errors(text: impl Into<Vec<u8>>) -> (usize, Option<&'static str>) {
    let text = text.into();
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let run = move || {
        let (_, report) = compile(text);
        // Rendering is part of it.
        let human = report.human(true);
        assert!(human.len() < 1 << 20, "{} bytes of report", human.len());
        assert!(report.json().len() < 1 << 20);
        (
            report.error_count(),
            report.diagnostics().first().map(|d| d.code.name()),
        )
    };
    let found = thread.spawn(run).unwrap().join().unwrap();
    assert!(start.elapsed() < TIME_MAX, "took {:?}", start.elapsed());
    found
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    for index in 0..count {
        let _ = writeln!(out, "{}", line(index));
    }
    out
}

#[test]
fn deep_types_and_values_do_not_use_the_stack() {
    let deep = 100_000;
    let ty = format!(
        "struct S {{ 1: {}i32{} a }}",
        "list<".repeat(deep),
        ">".repeat(deep)
    );
    assert_eq!(errors(ty), (1, Some("nesting-too-deep")));
    let list = format!(
        "const list<i32> A = {}{}",
        "[".repeat(deep),
        "]".repeat(deep)
    );
    assert_eq!(errors(list), (1, Some("nesting-too-deep")));
    let map = format!("const map<i32, i32> A = {}", "{1:".repeat(deep));
    assert_eq!(errors(map), (1, Some("nesting-too-deep")));
    let xsd = format!("struct S {{ {}", "1: i32 a xsd_attrs { ".repeat(deep));
    assert_eq!(errors(xsd).1, Some("nesting-too-deep"));
}

#[test]
fn long_chains_do_not_use_the_stack() {
    let n = 100_000;
    let forward = lines(n, |i| format!("typedef T{} T{i}", i + 1)) + &format!("typedef i32 T{n}");
    assert_eq!(errors(forward), (1, Some("typedef-too-deep")));
    let backward =
        "typedef i32 T0\n".to_owned() + &lines(n, |i| format!("typedef T{i} T{}", i + 1));
    assert_eq!(errors(backward), (1, Some("typedef-too-deep")));
    let cycle = lines(n, |i| format!("typedef T{} T{i}", (i + 1) % n));
    assert_eq!(errors(cycle).1, Some("typedef-cycle"));
    let services = lines(n, |i| format!("service S{i} extends S{} {{}}", i + 1))
        + &format!("service S{n} {{}}");
    assert_eq!(errors(services), (1, Some("extends-too-deep")));
    let cycle = lines(n, |i| format!("service S{i} extends S{} {{}}", (i + 1) % n));
    assert_eq!(errors(cycle).1, Some("extends-cycle"));
    let consts =
        lines(n, |i| format!("const i32 C{i} = C{}", i + 1)) + &format!("const i32 C{n} = 1");
    assert_eq!(errors(consts), (0, None));
    let cycle = lines(n, |i| format!("const i32 C{i} = C{}", (i + 1) % n));
    assert_eq!(errors(cycle), (1, Some("constant-cycle")));
    let structs = lines(n, |i| {
        format!("struct S{i} {{ 1: optional S{} s = {{}} }}", (i + 1) % n)
    });
    assert_eq!(errors(structs), (1, Some("default-cycle")));
}

#[test]
fn more_fields_than_ids() {
    let fields = |count, id: fn(usize) -> String| {
        format!(
            "struct S {{\n{}}}",
            lines(count, |i| format!("{} i32 f{i}", id(i)))
        )
    };
    assert_eq!(errors(fields(32_767, |i| format!("{}:", i + 1))), (0, None));
    assert_eq!(errors(fields(32_769, |_| String::new())).0, 1);
    assert!(codes(fields(32_769, |_| String::new())).contains(&"field-ids-exhausted"));
    assert!(codes(fields(65_537, |_| String::new())).contains(&"too-many-fields"));
    assert!(errors(fields(200_000, |i| format!("{}:", i + 1))).0 > 100);
}

#[test]
fn many_errors_are_counted_and_a_hundred_shown() {
    let (_, report) = compile("@ ".repeat(100_000));
    assert_eq!(report.error_count(), 100_000);
    assert_eq!(report.diagnostics().len(), 100);
    assert!(
        report
            .human(false)
            .ends_with("100000 errors, of which 99900 are not shown\n")
    );
    let unknown = lines(50_000, |i| format!("struct S{i} {{ 1: Tx{i} a }}"));
    assert_eq!(errors(unknown), (50_000, Some("unknown-type")));
}

#[test]
fn long_lines_are_cut() {
    let name = "a".repeat(1 << 20);
    for text in [
        format!("struct S {{ 1: {name} x }}"),
        format!("const string A = \"{name}\\q{name}\""),
        format!("/* {name}"),
        format!("const uuid A = \"{name}\""),
        format!("struct {name} {{ 1: i32 }} struct {name} {{}}"),
        format!("const i64 A = {}", "9".repeat(1 << 20)),
        format!("struct S {{ 1: {}é x }}", "é ".repeat(1 << 18)),
        format!("enum E {{ A }} const E X = {name}.{name}"),
    ] {
        let (_, report) = compile(text);
        assert!(report.has_errors());
        assert!(
            report.human(false).len() < 300 << 10,
            "{}",
            report.human(false).len()
        );
    }
}

#[test]
fn noise_of_every_kind_ends() {
    let size = 1 << 18;
    for part in [
        "{",
        "}",
        "(",
        "[",
        "<",
        ",",
        ";",
        "\"",
        "'",
        "\"\n",
        "/*",
        "/**/",
        "/** a */",
        "#\n",
        "\n",
        "struct ",
        "struct S{",
        "service S{",
        "service S { void f(",
        "void f(1:i32 a)",
        "1 ",
        "1: ",
        "1: i32\n",
        "= ",
        "const i32 A = [",
        "(a=\"b\")",
        "enum E { A = ",
        "include \"x\"\n",
        "namespace a b\n",
        "a.",
        "-",
        "-1",
        "typedef ",
        "map<",
        "throws (",
        "\u{feff}",
        "é",
    ] {
        errors(part.repeat(size / part.len()));
    }
    errors(vec![0xff; size]);
    errors(vec![0; size]);
    errors([b'a', 0].repeat(size / 2));
    errors([b'"', 0xff, b'"'].repeat(size / 3));
}

#[test]
fn large_lists_are_not_quadratic() {
    let n = 50_000;
    let members = lines(n, |i| format!("A{i}"));
    let values = lines(n, |i| format!("E.A{i}"));
    let text = format!(
        "enum E {{ {members} }} const list<E> L = [{values}] const list<i32> M = L const set<E> N = L"
    );
    assert_eq!(errors(text), (0, None));
    let text = format!(
        "struct S {{ 1: required i32 a 2: i32 b }} const list<S> L = [{}]",
        "{},".repeat(n)
    );
    assert_eq!(errors(text).0, n);
    let defaults = lines(10_000, |i| format!("{}: optional A f{i} = {{}}", i + 1));
    let text = format!(
        "struct A {{ 1: i32 a }} struct B {{ {defaults} }} struct C {{ {} }}",
        defaults.replace(" A ", " B ")
    );
    assert_eq!(errors(text), (0, None));
}

#[test]
fn copies_are_bounded() {
    let mut text =
        "typedef list<i32> T0\nconst T0 A0 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n".to_owned();
    for i in 1..60 {
        let before = format!("A{}, ", i - 1).repeat(10);
        let _ = writeln!(
            text,
            "typedef list<T{}> T{i}\nconst T{i} A{i} = [{before}]",
            i - 1
        );
    }
    assert_eq!(errors(text).1, Some("values-too-large"));
    let text = format!(
        "const string A = \"{}\" const list<string> B = [{}]",
        "x".repeat(1 << 20),
        "A,".repeat(100_000)
    );
    assert_eq!(errors(text).1, Some("values-too-large"));
    let text = "union U { 1: list<U> u = [{}, {}] } const U X = {}";
    assert_eq!(errors(text).1, Some("value-too-deep"));
}

/// The shape of a large real file: it takes 10 ms in release.
#[test]
fn two_thousand_structs_are_read_at_once() {
    let types = ["i32", "string", "list<i64>", "map<string, S0>"];
    let fields = lines(10, |i| {
        format!("  {}: optional {} field_{i}", i + 1, types[i % 4])
    });
    let text = lines(2000, |i| format!("struct S{i} {{\n{fields}}}"));
    assert_eq!(errors(text), (0, None));
}
