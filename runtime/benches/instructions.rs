//! How many instructions operations take: a guard that a noisy machine cannot mislead.
//!
//! ```console
//! cargo bench -p seapink --bench instructions           # compares with instructions.txt
//! BLESS=1 cargo bench -p seapink --bench instructions   # writes instructions.txt
//! ```
//!
//! Each operation is run in a process of its own under valgrind, a few times and many times. The
//! difference, divided, is what one takes; start and end of the program cancel out. Counts depend on
//! the compiler and the processor's architecture, so the table names both.

#![allow(clippy::unwrap_used, reason = "a bench that fails may panic")]
#![allow(missing_docs, reason = "a program")]
#![allow(clippy::semicolon_if_nothing_returned, reason = "a table of calls")]

mod workloads;

mod goldens {
    include!("../../testdata/golden/views.rs");
    include!("../../testdata/golden/sharing.rs");
}

use goldens::sharing::Sealed;
use goldens::views as viewed;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use seapink::codec::{
    Encode, decode_from, encode_linked, encode_to, from_slice, project_into, to_vec,
};
use seapink::processor::Request;
use seapink::protocol::{Input, MessageForm, MessageHead, Output};
use seapink::{
    Binary, CallContext, Compact, Json, Limits, MessageKind, Processor, Protocol, WireType, mask,
};
use workloads::{Echo, EchoEchoError, EchoProcessor, Longs, Medium, Small, longs, medium, small};

/// More than this, in percent, is a regression.
const TOLERANCE: f64 = 5.0;

/// How often an operation is run, and how often again.
const REPEATS: [u64; 2] = [20, 120];

/// Its name, and what runs it a number of times.
type Operation = (&'static str, fn(u64));

/// What is counted. Maps are left out, since their hashes are random, and so are lists of numbers in
/// the binary protocol, whose loop is chosen by the processor.
const OPERATIONS: [Operation; 22] = [
    ("small encode binary", |n| encode::<Binary, _>(&small(), n)),
    ("small encode compact", |n| {
        encode::<Compact, _>(&small(), n)
    }),
    ("small decode binary", |n| {
        decode::<Binary, Small>(&small(), n)
    }),
    ("small decode compact", |n| {
        decode::<Compact, Small>(&small(), n)
    }),
    ("medium encode binary", |n| {
        encode::<Binary, _>(&medium(), n)
    }),
    ("medium encode compact", |n| {
        encode::<Compact, _>(&medium(), n)
    }),
    ("medium encode json", |n| encode::<Json, _>(&medium(), n)),
    ("medium decode binary", |n| {
        decode::<Binary, Medium>(&medium(), n)
    }),
    ("medium decode compact", |n| {
        decode::<Compact, Medium>(&medium(), n)
    }),
    ("medium decode json", |n| {
        decode::<Json, Medium>(&medium(), n)
    }),
    ("medium decode again binary", |n| {
        again::<Binary, _>(medium(), n)
    }),
    ("medium decode again compact", |n| {
        again::<Compact, _>(medium(), n)
    }),
    ("medium skip binary", |n| skip::<Binary>(&medium(), n)),
    ("medium skip compact", |n| skip::<Compact>(&medium(), n)),
    ("medium scan binary", |n| scan::<Binary>(&medium(), n)),
    ("longs decode compact", |n| {
        decode::<Compact, Longs>(&longs(), n)
    }),
    ("longs skip compact", |n| skip::<Compact>(&longs(), n)),
    ("medium project compact", project_total),
    ("album view compact", view),
    ("parcel keep compact", keep),
    ("blob link binary", link),
    ("call echo binary", call),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, operation, repeats] if flag == "--run" => {
            let found = OPERATIONS.iter().find(|(name, _)| name == operation);
            found.unwrap().1(repeats.parse().unwrap());
            ExitCode::SUCCESS
        }
        [flag] if flag == "--bench" => guard(),
        // Under `cargo test` there is nothing to do.
        _ => ExitCode::SUCCESS,
    }
}

fn encode<P: Protocol, T: Encode>(value: &T, repeats: u64) {
    let mut buffer = Vec::with_capacity(1 << 20);
    for _ in 0..repeats {
        buffer.clear();
        encode_to::<P>(black_box(value), &mut buffer).unwrap();
        black_box(&buffer);
    }
}

fn decode<P: Protocol, T>(value: &T, repeats: u64)
where
    T: Encode + for<'de> seapink::codec::Decode<'de>,
{
    let bytes = to_vec::<P>(value).unwrap();
    for _ in 0..repeats {
        black_box(from_slice::<P, T>(black_box(&bytes)).unwrap());
    }
}

fn again<P: Protocol, T>(mut value: T, repeats: u64)
where
    T: Encode + for<'de> seapink::codec::Decode<'de>,
{
    let bytes = to_vec::<P>(&value).unwrap();
    let limits = Limits::default();
    for _ in 0..repeats {
        decode_from::<P, T>(&mut value, black_box(&bytes), &limits).unwrap();
        black_box(&value);
    }
}

fn project_total(repeats: u64) {
    let bytes = to_vec::<Compact>(&medium()).unwrap();
    let mask = mask!(Medium { total });
    let (limits, mut value) = (Limits::default(), Medium::default());
    for _ in 0..repeats {
        project_into::<Compact, _>(&mut value, black_box(&bytes), &mask, &limits).unwrap();
        black_box(&value);
    }
}

/// A view, of which each element is read.
fn view(repeats: u64) {
    let track = |seconds| viewed::Track {
        title: "a title".to_owned(),
        cover: None,
        seconds,
    };
    let album = viewed::Album {
        tracks: (0..20).map(track).collect(),
        longs: (0..100).map(|power| 1 << (power % 60)).collect(),
        ..viewed::Album::default()
    };
    let bytes = to_vec::<Compact>(&album).unwrap();
    for _ in 0..repeats {
        let view: viewed::AlbumView<'_> = from_slice::<Compact, _>(black_box(&bytes)).unwrap();
        let seconds: i32 = view.tracks.iter().map(|track| track.unwrap().seconds).sum();
        black_box((seconds, view.longs.iter().fold(0, i64::wrapping_add)));
    }
}

/// A struct of which most is not known, read and written again.
fn keep(repeats: u64) {
    let bytes = to_vec::<Compact>(&medium()).unwrap();
    let (limits, mut buffer) = (Limits::default(), Vec::new());
    let mut value = Sealed::default();
    for _ in 0..repeats {
        decode_from::<Compact, _>(&mut value, black_box(&bytes), &limits).unwrap();
        buffer.clear();
        encode_to::<Compact>(&value, &mut buffer).unwrap();
        black_box(&buffer);
    }
}

/// A megabyte that is referred to.
fn link(repeats: u64) {
    let blob = viewed::Album {
        blob: vec![7; 1 << 20],
        ..viewed::Album::default()
    };
    let (limits, mut buffer) = (Limits::default(), Vec::new());
    for _ in 0..repeats {
        let linked = encode_linked::<Binary>(black_box(&blob), buffer, &limits).unwrap();
        black_box(linked.len());
        buffer = linked.into_buffer();
    }
}

fn skip<P: Protocol>(value: &impl Encode, repeats: u64) {
    let bytes = to_vec::<P>(value).unwrap();
    let limits = Limits::default();
    for _ in 0..repeats {
        let mut input = P::input(black_box(&bytes), 0, &limits);
        black_box(input.skip(WireType::Struct).unwrap());
    }
}

/// A message with one argument.
fn message<P: Protocol>(argument: &impl Encode) -> Vec<u8> {
    let mut out = P::output(Vec::new(), &Limits::default());
    out.message_begin(&MessageHead {
        name: "echo".into(),
        kind: MessageKind::Call,
        sequence_id: 1,
        form: MessageForm::Strict,
    });
    assert!(out.struct_begin("arguments"));
    out.field(0, 1, WireType::Struct, "req");
    argument.encode(&mut out);
    out.field_end();
    out.struct_end();
    out.message_end();
    out.finish().into_bytes().unwrap()
}

fn scan<P: Protocol>(value: &Medium, repeats: u64) {
    let message = message::<P>(value);
    let mut scanner = P::scanner(&Limits::default());
    for _ in 0..repeats {
        let end = scanner.scan(black_box(&message)).unwrap();
        assert_eq!(end, Some(message.len()));
    }
}

struct Handler;

impl Echo for Handler {
    fn echo(&self, _: &CallContext, req: Small) -> Result<Small, EchoEchoError> {
        Ok(req)
    }
}

fn call(repeats: u64) {
    let processor = EchoProcessor::new(Handler);
    let message = message::<Binary>(&small());
    let (limits, mut cx, mut reply) = (Limits::default(), CallContext::default(), Vec::new());
    for _ in 0..repeats {
        reply.clear();
        let request = Request::read(&processor, 0, black_box(&message), &limits).unwrap();
        processor.process(&request, &mut reply, &mut cx);
        black_box(&reply);
    }
}

/// Counts everything, and compares.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]
fn guard() -> ExitCode {
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("valgrind is not installed (apt-get install valgrind)");
        return ExitCode::FAILURE;
    }
    let head = format!("{}, {}", compiler(), env::consts::ARCH);
    let counts: Vec<_> = OPERATIONS
        .iter()
        .map(|(name, _)| (*name, count(name)))
        .collect();
    let path = table_path();
    if env::var_os("BLESS").is_some() {
        fs::write(&path, table(&head, &counts)).unwrap();
        println!("written: {}", path.display());
        return ExitCode::SUCCESS;
    }
    let text = fs::read_to_string(&path).unwrap();
    let comparable = text.lines().any(|line| line == format!("# {head}"));
    let committed = committed(&text);
    println!(
        "{:<30} {:>12} {:>12} {:>8}",
        "", "committed", "now", "change"
    );
    let mut worse = Vec::new();
    for (name, now) in &counts {
        let before = committed.get(*name).copied();
        let change = before.map(|before| percent(before, *now));
        let shown = change.map_or_else(|| "new".to_owned(), |change| format!("{change:+.1} %"));
        let before = before.map_or_else(String::new, |before| before.to_string());
        println!("{name:<30} {before:>12} {now:>12} {shown:>8}");
        if change.is_none_or(|change| change > TOLERANCE) {
            worse.push(*name);
        }
    }
    if !comparable {
        println!("The committed counts are not of {head}: nothing can be said.");
        return ExitCode::SUCCESS;
    }
    if worse.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "More than {TOLERANCE} % above the table: {}.",
        worse.join(", ")
    );
    eprintln!("If that is meant: BLESS=1 cargo bench -p seapink --bench instructions");
    ExitCode::FAILURE
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a percentage is shown with one digit"
)]
fn percent(before: u64, now: u64) -> f64 {
    (now as f64 / before.max(1) as f64 - 1.0) * 100.0
}

/// Instructions of one run of an operation.
fn count(operation: &str) -> u64 {
    let [few, many] = REPEATS.map(|repeats| instructions(operation, repeats));
    many.saturating_sub(few) / (REPEATS[1] - REPEATS[0])
}

fn instructions(operation: &str, repeats: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--run", operation, &repeats.to_string()])
        // Nothing of where it runs: neither the length of the environment nor what the C library
        // would choose for this processor.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("LD_BIND_NOW", "1")
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-AVX2,-SSSE3,-ERMS",
        )
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.split("Collected :").nth(1));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("valgrind says no count: {text}"))
}

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt")
}

fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn table(head: &str, counts: &[(&str, u64)]) -> String {
    let mut text = String::from("# Instructions of one operation; see instructions.rs.\n");
    let _ = writeln!(text, "# {head}");
    for (name, count) in counts {
        let _ = writeln!(text, "{name} {count}");
    }
    text
}

fn committed(text: &str) -> BTreeMap<&str, u64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
        .collect()
}
