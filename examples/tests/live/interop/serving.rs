//! A server of ours, for as long as a test needs it.

use std::thread;
use std::time::Duration;

use seapink::{Processor, Server, ServerConfig, ServerHandle};

use crate::support::Result;

/// A server of ours on a thread, shut down when this is dropped.
pub struct Serving {
    handle: ServerHandle,
    pub port: String,
}

impl Serving {
    pub fn start(config: &ServerConfig, processor: impl Processor + 'static) -> Result<Self> {
        let server = Server::bind(config, processor)?;
        let handle = server.handle();
        let address = server.local_addr().to_string();
        let port = address.rsplit(':').next().unwrap_or_default().to_owned();
        thread::spawn(move || server.run());
        Ok(Self { handle, port })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.shutdown(Duration::from_secs(1));
    }
}
