//! A server in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::servers;
use crate::Result;

/// Killed when it is dropped.
pub struct Process {
    pub name: &'static str,
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    pub fn start(name: &'static str) -> Result<Self> {
        let fail = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let program = std::env::current_exe().map_err(|error| fail(&error))?;
        let mut command = Command::new(program);
        command.args(["--serve", name]).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| fail(&error))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line).map_err(|error| fail(&error))?;
        }
        let address = line.trim().parse();
        let process = Self {
            name,
            address: address.map_err(|error| fail(&error))?,
            child,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(process.address).is_err() {
            if Instant::now() > deadline {
                return Err(fail(&"it does not listen"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(process)
    }

    pub fn is_framed(&self) -> bool {
        self.name != servers::APACHE_BUFFERED
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
