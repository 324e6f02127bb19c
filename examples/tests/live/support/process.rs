//! Other programs: each has a time-out, and none outlives the test that started it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Result;

const POLL: Duration = Duration::from_millis(10);
const LINES_SHOWN: usize = 80;

/// What a program said.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program that must succeed.
pub fn run(command: &mut Command, timeout: Duration) -> Result<Finished> {
    let finished = output(command, timeout)?;
    if finished.status.success() {
        return Ok(finished);
    }
    Err(format!(
        "{command:?} ended with {}\n{}\n{}",
        finished.status,
        shortened(&finished.stdout),
        shortened(&finished.stderr)
    )
    .into())
}

/// The beginning and the end of what may be megabytes of diagnostics.
pub fn shortened(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let middle = LINES_SHOWN / 2..lines.len().saturating_sub(LINES_SHOWN / 2);
    if middle.is_empty() {
        return text.to_owned();
    }
    let (start, end) = (&lines[..middle.start], &lines[middle.end..]);
    let left_out = format!("… {} lines …", middle.len());
    [start, &[left_out.as_str()], end].concat().join("\n")
}

/// Runs a program that may fail.
pub fn output(command: &mut Command, timeout: Duration) -> Result<Finished> {
    finish(Running::start(command)?, timeout)
}

/// Runs a program that reads this, and must succeed.
pub fn fed(command: &mut Command, input: impl Into<Stdio>, timeout: Duration) -> Result<Finished> {
    let finished = finish(Running::fed(command, input)?, timeout)?;
    if finished.status.success() {
        return Ok(finished);
    }
    let stderr = shortened(&finished.stderr);
    Err(format!("{command:?} ended with {}\n{stderr}", finished.status).into())
}

fn finish(mut running: Running, timeout: Duration) -> Result<Finished> {
    let status = running.wait(timeout)?;
    Ok(Finished {
        status,
        stdout: running.lines.iter().collect::<Vec<_>>().join("\n"),
        stderr: running.stderr(),
    })
}

/// A program at work. It is killed, by its id, when this is dropped.
pub struct Running {
    name: String,
    child: Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts a program without input.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::fed(command, Stdio::null())
    }

    /// Starts a program that reads this.
    pub fn fed(command: &mut Command, input: impl Into<Stdio>) -> Result<Self> {
        let name = format!("{command:?}");
        command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let (sender, lines) = channel();
        // Both pipes are read by threads, or a program that writes much would stop.
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout)
                    .split(b'\n')
                    .map_while(std::result::Result::ok)
                {
                    let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
            });
        }
        let stderr = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        Ok(Self {
            name,
            child,
            lines,
            stderr,
        })
    }

    /// Where to write what it reads, if it was started with a pipe.
    pub fn input(&mut self) -> Result<ChildStdin> {
        let input = self.child.stdin.take();
        Ok(input.ok_or("the program has no pipe to read")?)
    }

    /// What follows this prefix on the first line that has it.
    pub fn announced(&mut self, prefix: &str, timeout: Duration) -> Result<String> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(prefix) {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let stderr = self.stop();
                    return Err(format!("{} did not say `{prefix}`\n{stderr}", self.name).into());
                }
            }
        }
    }

    /// Waits for the end of the program, and kills it if there is none.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                let stderr = self.stop();
                let text = format!("{} took longer than {timeout:?}\n{stderr}", self.name);
                return Err(text.into());
            }
            thread::sleep(POLL);
        }
    }

    /// Ends the program and returns what it wrote to standard error.
    pub fn stop(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stderr()
    }

    fn stderr(&mut self) -> String {
        let thread = self.stderr.take();
        thread
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let stderr = self.stop();
        // The test fails on our side, and the reason may be on the other.
        if thread::panicking() && !stderr.is_empty() {
            eprintln!("{} said:\n{stderr}", self.name);
        }
    }
}
