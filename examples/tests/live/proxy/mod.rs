//! Envoy with its filter `thrift_proxy`, as a process of its own: every way in goes to every way out.

mod admin;
mod configuration;

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::process::Running;
use crate::support::{Result, fresh, install};
use admin::Admin;
pub use configuration::{Listener, Mode};

const START: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Running until this is dropped.
pub struct Proxy {
    admin: Admin,
    ports: HashMap<String, String>,
    process: Running,
}

/// What Envoy has counted of the calls through one of its listeners.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub calls: u64,
    pub oneways: u64,
    /// Replies with a result.
    pub results: u64,
    /// Replies with a declared exception.
    pub declared: u64,
    /// Application exceptions.
    pub exceptions: u64,
    /// What it could not read, from the client and from the server.
    pub request_errors: u64,
    pub response_errors: u64,
}

impl Proxy {
    /// One whose listeners lead to the servers at these ports. `name` is that of its directory.
    pub fn start(name: &str, servers: &[(Mode, String)]) -> Result<Self> {
        let dir = fresh(name)?;
        let (config, address) = (dir.join("envoy.yaml"), dir.join("admin"));
        fs::write(&config, configuration::yaml(servers))?;
        let mut command = Command::new(install::envoy()?);
        command
            .arg("--config-path")
            .arg(&config)
            .arg("--admin-address-path")
            .arg(&address)
            // Shared memory is for restarts, of which there are none.
            .args(["--disable-hot-restart", "--concurrency", "1"])
            .args(["--log-level", "warning"]);
        let mut process = Running::start(&mut command)?;
        let deadline = Instant::now() + START;
        loop {
            if let Ok(address) = fs::read_to_string(&address)
                && let admin = Admin(address.trim().to_owned())
                && admin.is_live()
            {
                let ports = admin.ports()?;
                return Ok(Self {
                    admin,
                    ports,
                    process,
                });
            }
            if Instant::now() > deadline {
                return Err(format!("Envoy does not get ready\n{}", process.stop()).into());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Where a listener listens.
    pub fn port(&self, listener: Listener, to: Mode) -> Result<&str> {
        let name = listener.name(to);
        let port = self.ports.get(&name);
        Ok(port.ok_or_else(|| format!("Envoy has no listener `{name}`"))?)
    }

    /// What went through a listener so far.
    pub fn counters(&self, listener: Listener, to: Mode) -> Result<Counters> {
        let all = self.admin.counters(&listener.name(to))?;
        let of = |name: &str| all.get(name).copied().unwrap_or_default();
        Ok(Counters {
            calls: of("request_call"),
            oneways: of("request_oneway"),
            results: of("response_success"),
            declared: of("response_error"),
            exceptions: of("response_exception"),
            request_errors: of("request_decoding_error"),
            response_errors: of("response_decoding_error"),
        })
    }

    /// Ends it, and returns what it has written to its log.
    pub fn stop(mut self) -> String {
        self.process.stop()
    }
}
