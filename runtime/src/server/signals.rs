//! Stopping on signals, for programs that ask for it.

use std::io;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, ErrorKind, Result};
use crate::server::ServerHandle;

impl ServerHandle {
    /// Shuts the server down as soon as the process gets `SIGTERM` or `SIGINT`: the first one
    /// [drains](Self::drain) it, another one meanwhile cuts what is left. Needs the feature `signals`.
    ///
    /// From then on these signals no longer end the process by themselves; it ends when
    /// [`Server::run`](crate::Server::run) returns and the program lets it. Several servers of a
    /// process may each do so.
    ///
    /// # Errors
    /// When the system has no thread or no descriptor for it.
    pub fn shutdown_on_signals(&self) -> Result<()> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let handle = self.clone();
        let wait = move || {
            let mut signals = signals.forever();
            if signals.next().is_none() {
                return;
            }
            let draining = handle.clone();
            // When there is no thread for it, nobody waits for calls to end.
            let drain = thread::Builder::new().name("seapink-drain".to_owned());
            if drain.spawn(move || draining.drain()).is_ok() && signals.next().is_none() {
                return;
            }
            handle.shutdown(Duration::ZERO);
        };
        let thread = thread::Builder::new().name("seapink-signals".to_owned());
        thread.spawn(wait).map_err(|error: io::Error| {
            let text = format!("the system has no thread for signals: {error}");
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        Ok(())
    }
}
