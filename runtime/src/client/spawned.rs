//! A server that its client has started.

use std::process::Command;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::backoff::Backoff;
use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Result, words};
use crate::transport::{Connector, Deaths, Reapers, Stream, spawn};

/// Starts a program for each connection, and not too often one that does not live.
///
/// That it was started says little: a program that cannot read its configuration was started, too. So
/// one that ends before it has answered anything counts as an attempt that has failed. So does one that
/// sends something else, whatever its end is.
pub(super) struct Spawner {
    command: Mutex<Command>,
    name: String,
    backoff: Backoff,
    deaths: Deaths,
    /// Which death was the last that was seen, and when the program may be started again.
    pause: Mutex<Option<(Instant, Instant)>>,
    reapers: Reapers,
}

impl Spawner {
    pub(super) fn new(command: Command, config: &ClientConfig) -> Self {
        let reconnect = &config.reconnect;
        Self {
            name: command.get_program().display().to_string(),
            command: Mutex::new(command),
            backoff: Backoff::new(reconnect.min_ms, reconnect.max_ms),
            deaths: Deaths::default(),
            pause: Mutex::default(),
            reapers: Reapers::new(Duration::from_millis(config.exec.exit_ms)),
        }
    }

    /// Refuses to start it in the pause after a death.
    fn check(&self) -> Result<()> {
        let Some(death) = self.deaths.last() else {
            return Ok(());
        };
        let mut pause = self.pause.lock();
        let due = match *pause {
            Some((at, due)) if at == death.at => due,
            _ => death.at + self.backoff.pause(death.count),
        };
        *pause = Some((death.at, due));
        if due <= Instant::now() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Closed, death.text).with_retry_at(due))
    }
}

impl Connector for Spawner {
    fn connect(&self, _: Duration) -> Result<Box<dyn Stream>> {
        self.check()?;
        let spawned = spawn(&mut self.command.lock(), &self.deaths, &self.reapers);
        spawned.map_err(|error| {
            use std::io::ErrorKind as Io;

            let why = match error.kind() {
                Io::NotFound => {
                    "there is no such program, or no such directory to run it in".to_owned()
                }
                Io::PermissionDenied => "it may not be run".to_owned(),
                _ => words(&error),
            };
            let text = format!("cannot start `{}`: {why}", self.name);
            Error::new(ErrorKind::Io, text).with_source(error)
        })
    }
}

/// The client is gone, and its streams before it: the children as well, when this returns.
impl Drop for Spawner {
    fn drop(&mut self) {
        self.reapers.wait();
    }
}
