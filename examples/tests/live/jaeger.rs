//! Jaeger's client for Python against the example `jaeger-agent`: what it says of its spans is what is
//! printed of them.
//!
//! It sends datagrams of its own making, with a transport of its own over Apache's compact protocol.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::process::{Running, run};
use support::{Result, fresh, install, repository};

const SESSION: Duration = Duration::from_secs(40);

#[test]
fn spans_of_jaegers_client_are_printed() -> Result {
    let python = install::jaeger()?;
    let dir = fresh("jaeger")?;
    for model in ["thread-pool", "simple"] {
        for protocol in ["compact", "auto"] {
            session(&python, &dir, model, protocol, &[])?;
        }
    }
    session(&python, &dir, "thread-pool", "compact", &["--long-ids"])?;
    // Many batches.
    session(&python, &dir, "thread-pool", "auto", &["--spans", "90"])
}

fn session(python: &Path, dir: &Path, model: &str, protocol: &str, options: &[&str]) -> Result {
    let config = dir.join(format!("{model}-{protocol}.toml"));
    fs::write(
        &config,
        format!(
            "[server]\nlisten = \"udp://127.0.0.1:0\"\ntransport = \"buffered\"\n\
             model = \"{model}\"\nprotocol = \"{protocol}\"\n"
        ),
    )?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_jaeger-agent"));
    let mut agent = Running::start(command.arg("--config").arg(config))?;
    let address = agent.announced("listening on ", SESSION)?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut client = Command::new(python);
    client
        .arg("-B")
        .arg(repository().join("examples/live/jaeger_spans.py"))
        .args(["--port", port])
        .args(options);
    let sent = run(&mut client, SESSION)?.stdout;
    let sent: Vec<Value> = sent
        .lines()
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?;
    // Workers may print batches in another order.
    let mut printed = Vec::new();
    while printed.len() < sent.len() {
        let line = agent.announced("trace=", SESSION)?;
        printed.push(format!("trace={line}"));
    }
    for span in &sent {
        let id = format!(" span={} ", span["span"].as_str().unwrap_or_default());
        let line = printed.iter().find(|line| line.contains(&id));
        let line = line.ok_or_else(|| format!("{span} was not printed: {printed:#?}"))?;
        if let Some(missing) = missing(span, line) {
            let text = format!("there is no `{missing}`\nsent: {span}\nprinted: {line}");
            return Err(format!("{model} {protocol}: {text}").into());
        }
    }
    match sent.len() {
        0 | 1 => Err(format!("{model} {protocol}: too few spans were sent").into()),
        _ => Ok(()),
    }
}

/// What is not in a line and should be.
fn missing(expected: &Value, printed: &str) -> Option<String> {
    let text = |name: &str| expected[name].as_str().unwrap_or_default().to_owned();
    let mut parts = vec![
        format!("trace={} ", text("trace")),
        format!(" parent={} ", text("parent")),
        " service=\"seapink tests ☂\" ".to_owned(),
        format!(" operation={:?} duration=", text("operation")),
    ];
    for (name, value) in expected["tags"].as_object().into_iter().flatten() {
        parts.push(match value.as_str() {
            Some(text) => format!(" {name}={text:?}"),
            None => format!(" {name}={value}"),
        });
    }
    parts.into_iter().find(|part| !printed.contains(&**part))
}
