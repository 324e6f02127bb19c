//! Every example, run as a program.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

macro_rules! program {
    ($name:literal) => {
        Command::new(env!(concat!("CARGO_BIN_EXE_", $name)))
    };
}

mod quickstart;
mod recordings;

/// A server that is stopped with the test, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stdout = String::from_utf8(stdout).unwrap();
    assert!(
        status.success(),
        "{command:?}\n{stdout}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    stdout
}

#[track_caller]
fn failure(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

/// Where a server listens, which is what it says first.
#[track_caller]
fn address(running: &mut Running) -> String {
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned()
}

fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn calculator_is_two_programs() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        "[server]\nlisten = \"tcp://127.0.0.1:0\"\ntransport = \"buffered\"\nprotocol = \"json\"\n";
    let server = write(folder.path(), "server.toml", server);
    let mut running = Running(
        program!("calculator-server")
            .arg(server)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let address = address(&mut running);
    let client = format!(
        "[client]\nconnect = \"{address}\"\ntransport = \"buffered\"\nprotocol = \"json\"\n"
    );
    let client = write(folder.path(), "client.toml", &client);
    assert_eq!(
        output(program!("calculator-client").arg(client)),
        "2 + 3 = 5\n7 * 6 = 42\n1 / 0: DivisionByZero: 1 by zero\n"
    );
}

#[test]
fn load_counts_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let server = "[server]\nlisten = \"tcp://127.0.0.1:0\"\nprotocol = \"compact\"\n";
    let server = write(folder.path(), "server.toml", server);
    let mut running = Running(
        program!("calculator-server")
            .arg(server)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let address = address(&mut running);
    let load = |options: &[&str]| {
        let options = options.iter().chain(&["--rate", "200", "--duration", "1"]);
        output(program!("load").arg(&address).args(options))
    };
    let stdout = load(&["--protocol", "compact", "--deadline-ms", "20000"]);
    for line in [
        "due          200  (200 in a second)",
        "sent         200",
        "done         200",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    assert!(!stdout.contains("failed"), "{stdout}");
    // A server of another service: each call is counted with what went wrong.
    let stdout = load(&["--protocol", "compact", "--call", "put"]);
    assert!(stdout.contains("done         0\n"), "{stdout}");
    let failed = "failed       200  unknown method\n";
    assert!(stdout.contains(failed), "{stdout}");
}

#[test]
fn calculator_client_says_that_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("nobody");
    let client = format!("[client]\nconnect = \"unix://{}\"\n", socket.display());
    let client = write(folder.path(), "client.toml", &client);
    let stderr = failure(program!("calculator-client").arg(client));
    assert!(stderr.contains("nobody"), "{stderr}");
}

/// The promise of the tutorial: a server and a client are at most forty lines each.
#[test]
fn calculator_is_short() {
    for name in ["server.rs", "client.rs"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("calculator")
            .join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let code = text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with("//!"));
        assert!(code.count() <= 40, "{name}");
    }
}

#[test]
fn a_protocol_of_ones_own() {
    let stdout = output(&mut program!("custom-protocol"));
    assert!(
        stdout.ends_with("20 + 22 = 42 in little-endian\n"),
        "{stdout}"
    );
}

#[test]
fn a_transport_of_ones_own() {
    let stdout = output(&mut program!("custom-transport"));
    assert_eq!(stdout, "20 + 22 = 42, every message with a checksum\n");
}

#[test]
fn key_value_store_remembers() {
    let stdout = output(&mut program!("key-value"));
    for line in [
        "keys before the stop: 2",
        "keys after it was started again: 2",
        "colour = sea pink",
        "no key `mistake`",
    ] {
        assert!(stdout.contains(line), "no line {line:?} in\n{stdout}");
    }
}

#[test]
fn key_value_store_is_refused_a_log_that_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let config = write(
        folder.path(),
        "server.toml",
        "[server]\nlisten = \"tcp://127.0.0.1:0\"\n",
    );
    let serve = || {
        let mut command = program!("key-value");
        command
            .arg("serve")
            .arg("--log")
            .arg(&log)
            .arg("--config")
            .arg(&config);
        command
    };
    let mut running = Running(serve().stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("listening on tcp://127.0.0.1:"), "{line}");
    let stderr = failure(&mut serve());
    assert!(stderr.contains("another writer"), "{stderr}");
}

/// The footer of a file with one column: schema, a row group, who wrote it.
const FOOTER: &[u8] = b"\x15\x02\x19\x2c\x48\x04root\x15\x02\x00\x15\x02\x25\x00\x18\x01a\x00\x16\x0a\x19\x1c\
    \x19\x1c\x3c\x15\x02\x29\x18\x01a\x15\x02\x16\x0a\x16\x64\x16\x28\x00\x00\x16\x28\x16\x0a\x00\x28\x01x\x00";

#[test]
fn a_parquet_footer_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.parquet");
    let length = u32::try_from(FOOTER.len()).unwrap().to_le_bytes();
    std::fs::write(&path, [b"PAR1", FOOTER, &length, b"PAR1"].concat()).unwrap();
    let stdout = output(program!("parquet-footer").arg(&path).arg("--columns"));
    let expected = "schema\n  root\n    required a INT32\n5 rows in 1 row groups, written by x\n  \
                    row group 0: 5 rows, 1 columns, 20 bytes\n    a: INT32 SNAPPY, 5 values in 20 bytes\n";
    assert!(stdout.starts_with(expected), "{stdout}");
    assert!(
        stdout.contains("the schema and numbers of rows"),
        "{stdout}"
    );

    for (file, why) in [
        (&b"PAR1"[..], "too short for a Parquet file"),
        (
            b"PAR1\xff\xff\0\0PAR1",
            "the footer is longer than the file",
        ),
        (b"PAR1 0000 no more", "not a Parquet file"),
    ] {
        std::fs::write(&path, file).unwrap();
        let stderr = failure(program!("parquet-footer").arg(&path));
        assert!(stderr.contains(why), "{stderr}");
    }
}

/// A span as a client of Jaeger writes it, in compact: operation `buy` of the service `shop`, with a tag.
const SPAN: &[u8] = b"\x82\x81\x01\x09emitBatch\x1c\
    \x1c\x18\x04shop\0\
    \x19\x1c\x16\x02\x16\0\x16\x04\x16\x06\x18\x03buy\x25\x02\x16\0\x16\xb8\x17\
    \x19\x1c\x18\x04name\x15\0\x18\x05value\0\0\0\0";

#[test]
fn spans_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[server]\nlisten = \"udp://127.0.0.1:0\"\ntransport = \"buffered\"\n\
                  protocol = \"auto\"\n";
    let config = write(folder.path(), "agent.toml", config);
    let mut running = Running(
        program!("jaeger-agent")
            .arg("--config")
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let address = line();
    let address = address.strip_prefix("listening on udp://").unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [&b"GET / HTTP/1.1"[..], b"", &SPAN[..60], SPAN] {
        socket.send_to(datagram, address).unwrap();
    }
    assert_eq!(
        line(),
        "trace=0000000000000001 span=0000000000000002 parent=0000000000000003 service=\"shop\" \
         operation=\"buy\" duration=1500us name=\"value\""
    );
    let id = running.0.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    let mut said = String::new();
    let mut stderr = running.0.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(running.0.wait().unwrap().success(), "{said}");
    assert!(said.ends_with("4 datagrams, 1 of strangers\n"), "{said}");
}

#[test]
fn reading() {
    let said = output(&mut program!("reading"));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "Unfinished has 2 tracks",
            "  Allegro",
            "  Andante",
            "  at most 0.75 loud",
            "album 1 takes 1510 seconds"
        ]
    );
    // The second one stands where the first one stood.
    let place = lines[5].strip_prefix("Unfinished is read to ").unwrap();
    assert_eq!(lines[6].strip_prefix("Pastoral is read to "), Some(place));
    assert_eq!(
        lines[7..],
        [
            "Finished still has 2 tracks",
            "  field 3, of type List, went through unread",
            "  field 4, of type List, went through unread",
            "12 bytes were copied"
        ]
    );
}

/// What these pages show is code that runs: each block of Rust stands in an example.
#[test]
fn pages_quote_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    };
    let example = |name: &str| lines(&std::fs::read_to_string(root.join(name)).unwrap());
    for (page, name) in [
        ("README.md", "hello/main.rs"),
        ("docs/views.md", "reading/main.rs"),
        ("docs/projection.md", "reading/main.rs"),
        ("docs/recycling.md", "reading/main.rs"),
        ("docs/unknown-fields.md", "reading/main.rs"),
        ("docs/large-binaries.md", "reading/main.rs"),
    ] {
        let text = std::fs::read_to_string(root.join("..").join(page)).unwrap();
        let blocks = text.split("\n```rust\n").skip(1);
        let mut quoted = 0;
        for block in blocks.filter_map(|block| block.split_once("\n```")) {
            let block = lines(block.0);
            let example = example(name);
            quoted += usize::from(example.windows(block.len()).any(|part| part == block));
        }
        assert!(quoted > 0, "nothing in {page} is from {name}");
        let all = text.matches("\n```rust\n").count();
        // The README also has a build script.
        let others = usize::from(page == "README.md");
        assert_eq!(quoted, all - others, "{page} and {name} differ");
    }
}

#[cfg(feature = "chat")]
#[test]
fn chat() {
    let stdout = output(&mut program!("chat"));
    for line in [
        "alice: Is anybody here?",
        "bob: I am.",
        "alice: Good.",
        "at most 200 characters",
        "a stranger is refused: ",
        "health: SERVING",
        "exceptions: 0",
        "stopped by SIGTERM: 8 calls, 0 connections left",
    ] {
        assert!(
            stdout.lines().any(|found| found.starts_with(line)),
            "{stdout}"
        );
    }
}

/// Each command that the example's head names.
#[cfg(feature = "chat")]
#[test]
fn chat_is_served_and_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    output(program!("chat").arg("prepare").arg(folder.path()));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let server = read("server.toml").replace("127.0.0.1:9443", "127.0.0.1:0");
    let server = write(folder.path(), "server.toml", &server);
    let mut running = Running(
        program!("chat")
            .args(["serve", "--config"])
            .arg(server)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let address = address(&mut running);
    let port = address.rsplit(':').next().unwrap();
    let client = read("client.toml").replace("9443", port);
    let client = write(folder.path(), "client.toml", &client);
    let chat = |words: &[&str]| output(program!("chat").args(words).arg("--config").arg(&client));
    assert_eq!(chat(&["say", "Hello"]), "line 1\n");
    assert_eq!(chat(&["say", "Is anybody here?"]), "line 2\n");
    assert_eq!(chat(&["read"]), "alice: Hello\nalice: Is anybody here?\n");
    assert_eq!(chat(&["read", "--after", "1"]), "alice: Is anybody here?\n");
    let mut long = program!("chat");
    let long = long
        .args(["say", &"!".repeat(201), "--config"])
        .arg(&client);
    let said = failure(long);
    assert!(said.contains("TooLong: characters_max = 200"), "{said}");
}

#[cfg(feature = "async")]
#[test]
fn async_calculator() {
    let expected = "1 + 2 + 3 = 6, 2 + 3 = 5\n\
                    given up: true\n\
                    20 + 22 = 42\n\
                    stopped, no call lost: true\n";
    assert_eq!(output(&mut program!("async-calculator")), expected);
}

#[cfg(all(unix, feature = "stdio"))]
#[test]
fn a_child_process() {
    let mut command = program!("child-process");
    let output = command.output().unwrap();
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines[0], "20 + 22 = 42");
    assert!(
        lines[1].contains("has ended (signal: 6 (SIGABRT)"),
        "{stdout}"
    );
    assert_eq!(lines[2..], ["and again: 2 + 2 = 4", "the server is gone"]);
    // What the server prints is there and nowhere else.
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("] 20 + 22") && stderr.contains("] 2 + 2"),
        "{stderr}"
    );
}
