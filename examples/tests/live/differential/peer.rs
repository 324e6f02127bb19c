//! Apache's library for C++ as a program that reads values and writes them again.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::support::process::run;
use super::support::{Result, fresh, install, repository};

const BUILD: Duration = Duration::from_mins(5);

/// The program at work. It is killed when this is dropped.
pub struct Peer(Process);

struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

/// What it says of bytes that end it.
pub const DIED: &str = "the program has died";

/// What it says of some bytes: the value, written again, or why it is none.
pub type Answer = std::result::Result<Vec<u8>, String>;

impl Peer {
    /// Builds it, once for all tests, and starts it.
    pub fn start() -> Result<Self> {
        Process::start().map(Self)
    }

    /// Asks it about bytes in the protocol of this number.
    pub fn ask(&mut self, protocol: u8, bytes: &[u8]) -> Result<Answer> {
        if let Some(answer) = self.0.ask(protocol, bytes)? {
            return Ok(answer);
        }
        self.0 = Process::start()?;
        Ok(Err(DIED.to_owned()))
    }
}

impl Process {
    fn start() -> Result<Self> {
        static PROGRAM: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| build().map_err(|error| error.to_string()));
        let mut child = Command::new(program.as_ref().map_err(Clone::clone)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It says there why it dies, and is asked what kills it.
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the peer has no pipes".into());
        };
        Ok(Self {
            child,
            input,
            output,
        })
    }

    /// `None` when it dies of the question.
    fn ask(&mut self, protocol: u8, bytes: &[u8]) -> Result<Option<Answer>> {
        let mut request = vec![protocol];
        request.extend(u32::try_from(bytes.len())?.to_le_bytes());
        request.extend(bytes);
        self.input.write_all(&request)?;
        let mut head = [0; 5];
        if self.output.read_exact(&mut head).is_err() {
            return Ok(None);
        }
        let [verdict, length @ ..] = head;
        let mut answer = vec![0; usize::try_from(u32::from_le_bytes(length))?];
        self.output.read_exact(&mut answer)?;
        Ok(Some(match verdict {
            0 => Ok(answer),
            _ => Err(String::from_utf8_lossy(&answer).into_owned()),
        }))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn build() -> Result<PathBuf> {
    let dir = fresh("differential")?;
    let mut compiler = Command::new(install::thrift_compiler()?);
    compiler.args(["-r", "--gen", "cpp:no_skeleton", "-out"]);
    let idl = repository().join("testdata/interop/interop.thrift");
    run(compiler.arg(&dir).arg(idl), BUILD)?;
    let program = dir.join("differential");
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-O1", "-I"]).arg(&dir);
    compiler.arg(repository().join("examples/live/differential.cpp"));
    compiler.args([dir.join("interop_types.cpp"), dir.join("shared_types.cpp")]);
    compiler.arg("-o").arg(&program).arg("-lthrift");
    run(&mut compiler, BUILD).map_err(|error| {
        format!("{error}\nThis test needs `g++`, `libthrift-dev` and `libboost-dev` of a Debian-like system")
    })?;
    Ok(program)
}
