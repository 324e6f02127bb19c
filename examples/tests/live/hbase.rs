//! `happybase`, the library that Python programs use for `HBase`, against the example `hbase-server`.
//!
//! It speaks Thrift through `thriftpy2`, which shares no code with Apache's library.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::process::{Running, run};
use support::{Result, fresh, install, repository};

const SESSION: Duration = Duration::from_secs(40);

const MODELS: [&str; 4] = ["threaded", "thread-pool", "nonblocking", "simple"];

#[test]
fn happybase_uses_the_example_server() -> Result {
    let python = install::python()?;
    let dir = fresh("hbase")?;
    let choices = ["buffered", "framed"].into_iter().flat_map(|transport| {
        let protocols = ["binary", "compact"].into_iter();
        protocols.map(move |protocol| (transport, protocol))
    });
    for (model, (transport, protocol)) in MODELS.into_iter().cycle().zip(choices) {
        session(&python, &dir, model, transport, protocol)?;
    }
    for model in MODELS {
        session(&python, &dir, model, "buffered", "binary")?;
    }
    Ok(())
}

fn session(python: &Path, dir: &Path, model: &str, transport: &str, protocol: &str) -> Result {
    let config = dir.join(format!("{model}-{transport}-{protocol}.toml"));
    fs::write(
        &config,
        format!(
            "[server]\nlisten = \"tcp://127.0.0.1:0\"\nmodel = \"{model}\"\n\
             transport = \"{transport}\"\nprotocol = \"{protocol}\"\n"
        ),
    )?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_hbase-server"));
    let mut server = Running::start(command.arg("--config").arg(config))?;
    let address = server.announced("listening on ", SESSION)?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut client = Command::new(python);
    client
        .arg("-B")
        .arg(repository().join("examples/live/hbase_client.py"))
        .args(["--transport", transport, "--protocol", protocol])
        .args(["--port", port]);
    if model == "simple" {
        // It serves one connection at a time.
        client.arg("--one-connection");
    }
    run(&mut client, SESSION).map(drop).map_err(|error| {
        format!("{model} {transport} {protocol}: {error}\n{}", server.stop()).into()
    })
}
