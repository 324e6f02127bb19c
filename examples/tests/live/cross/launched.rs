//! A program with what it has started, in a group of processes, and what they say in a file.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::support::Result;

const POLL: Duration = Duration::from_millis(5);
/// Between the signal and the end.
const ENDING: Duration = Duration::from_secs(4);
const SIGHUP: i32 = 1;

/// Its group is killed when this is dropped.
pub struct Launched {
    child: Child,
}

impl Launched {
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let child = command
            .spawn()
            .map_err(|error| format!("{command:?} cannot be started: {error}"))?;
        Ok(Self { child })
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    pub fn wait(&mut self, timeout: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + timeout;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= deadline {
                return Ok(ended);
            }
            thread::sleep(POLL);
        }
    }

    /// Ends it as the reference's runner does, and asks as much of how it ends.
    pub fn hang_up(&mut self) -> Result {
        if let Some(status) = self.ended()? {
            return Err(format!("the server has ended before its time: {status}").into());
        }
        self.signal("HUP");
        let Some(status) = self.wait(ENDING)? else {
            return Err("the server does not end of SIGHUP".into());
        };
        match (status.code(), status.signal()) {
            (Some(0 | 129), _) | (_, Some(SIGHUP)) => Ok(()),
            _ => Err(format!("SIGHUP has ended the server with {status}").into()),
        }
    }

    fn signal(&self, name: &str) {
        let script = format!("kill -{name} -{} 2> /dev/null", self.child.id());
        let _ = Command::new("sh").args(["-c", &script]).status();
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // There may be others in the group, even when the first has gone.
        self.signal("KILL");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
