//! `happybase`, the library that Python programs use for `HBase`, against the example `hbase-server`.
//!
//! It speaks Thrift through `thriftpy2`, which shares no code with Apache's library.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use support::process::{Running, run};
use support::{Result, fresh, install, repository};

const SESSION: Duration = Duration::from_secs(40);

#[test]
fn happybase_uses_the_example_server() -> Result {
    let python = install::python()?;
    let dir = fresh("hbase")?;
    for transport in ["buffered", "framed"] {
        for protocol in ["binary", "compact"] {
            let config = dir.join(format!("{transport}-{protocol}.toml"));
            fs::write(
                &config,
                format!(
                    "[server]\nlisten = \"tcp://127.0.0.1:0\"\ntransport = \"{transport}\"\n\
                     protocol = \"{protocol}\"\n"
                ),
            )?;
            let mut command = Command::new(env!("CARGO_BIN_EXE_hbase-server"));
            let mut server = Running::start(command.arg("--config").arg(config))?;
            let address = server.announced("listening on ", SESSION)?;
            let port = address.rsplit(':').next().unwrap_or_default();
            let mut client = Command::new(&python);
            client
                .arg("-B")
                .arg(repository().join("examples/live/hbase_client.py"))
                .args(["--transport", transport, "--protocol", protocol])
                .args(["--port", port]);
            run(&mut client, SESSION)
                .map_err(|error| format!("{transport} {protocol}: {error}\n{}", server.stop()))?;
        }
    }
    Ok(())
}
