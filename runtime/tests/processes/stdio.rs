//! Servers at their standard input and output, seen from any program: over two pipes.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::role::command;
use crate::support::{AGES, within};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    answers_over_two_pipes_on_every_model,
    nothing_but_answers_is_on_its_output,
    it_ends_when_its_input_does,
    it_ends_by_its_handle,
    bad_input_ends_it_and_nothing_else,
    an_output_that_nobody_reads_ends_by_the_time_out,
    a_process_has_one,
];

struct Pipes {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Pipes {
    fn start(server: &str) -> Self {
        let toml = format!("[server]\nlisten = 'stdio://'\n{server}");
        let mut command = command("serve", &toml);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn reply(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.output.read_exact(&mut length).unwrap();
        let mut reply = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.output.read_exact(&mut reply).unwrap();
        reply
    }

    /// What is left on its output, once it has ended well.
    fn rest(mut self) -> Vec<u8> {
        within(move || {
            let mut rest = Vec::new();
            self.output.read_to_end(&mut rest).unwrap();
            let status = self.child.wait().unwrap();
            assert!(status.success(), "{status}");
            rest
        })
    }
}

/// A framed call of `echo`.
fn echo(text: &str) -> Vec<u8> {
    message(1, "echo", text)
}

fn message(kind: u8, name: &str, text: &str) -> Vec<u8> {
    let string = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&length, text.as_bytes()].concat()
    };
    let message = [
        &[0x80, 1, 0, kind][..],
        &string(name),
        &[0, 0, 0, 9, 11, 0, 1],
        &string(text),
        &[0],
    ]
    .concat();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], &message].concat()
}

fn answer(text: &str) -> Vec<u8> {
    let mut answer = echo(text).split_off(4);
    answer[3] = 2;
    // The result is field 0.
    answer[4 + 4 + 4 + 4 + 2] = 0;
    answer
}

fn answers_over_two_pipes_on_every_model() {
    for model in ["simple", "threaded", "thread-pool", "nonblocking"] {
        let mut pipes = Pipes::start(&format!("model = '{model}'"));
        for count in [0, 1, 4095, 4096, 4097, 60_000, 1_000_000] {
            let text = "y".repeat(count);
            pipes.send(&echo(&text));
            assert!(pipes.reply() == answer(&text), "{model} {count}");
        }
        // A byte at a time, and many at once.
        for byte in echo("drip") {
            pipes.send(&[byte]);
        }
        assert_eq!(pipes.reply(), answer("drip"));
        pipes.send(&echo("many").repeat(50));
        for _ in 0..50 {
            assert_eq!(pipes.reply(), answer("many"));
        }
        drop(pipes.input.take());
        assert_eq!(pipes.rest(), []);
    }
}

fn nothing_but_answers_is_on_its_output() {
    let mut pipes = Pipes::start("");
    pipes.send(&echo("x"));
    drop(pipes.input.take());
    let expected = answer("x");
    assert_eq!(pipes.rest()[4..], expected);
}

fn it_ends_when_its_input_does() {
    for last in [&b""[..], &[0, 0], &echo("x")[..20]] {
        for model in ["simple", "threaded", "thread-pool", "nonblocking"] {
            let mut pipes = Pipes::start(&format!("model = '{model}'"));
            pipes.send(last);
            drop(pipes.input.take());
            assert_eq!(pipes.rest(), [], "{model} {last:?}");
        }
    }
}

fn it_ends_by_its_handle() {
    for model in ["simple", "threaded", "thread-pool", "nonblocking"] {
        let mut pipes = Pipes::start(&format!("model = '{model}'"));
        pipes.send(&echo("x"));
        assert_eq!(pipes.reply(), answer("x"));
        pipes.send(&message(4, "note", "stop"));
        // Its input stays open.
        let input = pipes.input.take();
        assert_eq!(pipes.rest(), [], "{model}");
        drop(input);
    }
}

fn bad_input_ends_it_and_nothing_else() {
    for bad in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 8],
        &[0x7f, 0xff, 0xff, 0xff, 0x80, 1, 0, 1],
        &[0; 4],
        &[
            0, 0, 0, 12, 0x80, 1, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ],
        &[0, 0, 0, 8, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee],
    ] {
        let mut pipes = Pipes::start("");
        pipes.send(&echo("good"));
        assert_eq!(pipes.reply(), answer("good"));
        pipes.send(bad);
        // Its input stays open.
        let input = pipes.input.take();
        // Nothing, or an exception that says why.
        let rest = pipes.rest();
        assert!(rest.is_empty() || rest[4..8] == [0x80, 1, 0, 3], "{bad:?}");
        drop(input);
    }
}

fn an_output_that_nobody_reads_ends_by_the_time_out() {
    for model in ["simple", "thread-pool", "nonblocking"] {
        let server = format!("model = '{model}'\n[server.timeouts]\nwrite_ms = 50");
        let mut pipes = Pipes::start(&server);
        let mut input = pipes.input.take().unwrap();
        let (done, ended) = mpsc::channel();
        // It takes no more calls, or no more input, once its replies are not taken.
        let call = echo(&"z".repeat(100_000));
        thread::spawn(move || {
            while input.write_all(&call).is_ok() {}
            let _ = done.send(());
        });
        ended.recv_timeout(AGES).unwrap();
        let Pipes { mut child, .. } = pipes;
        assert!(within(move || child.wait()).unwrap().success());
    }
}

fn a_process_has_one() {
    let toml = "[server]\nlisten = 'stdio://'";
    let Output { status, stderr, .. } = command("twice", toml)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(status.success());
    let expected = "line 2: server.listen: cannot listen at stdio://: another server of this process \
                    has taken standard input and output";
    assert_eq!(String::from_utf8(stderr).unwrap(), expected);
}
