//! The reference's feature tests against our server: `test/features`.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cell::Side;
use super::launched::Launched;
use super::offer::strings;
use super::peers::{our_program, python_dir};
use super::plan::MODELS;
use super::support::process::output;
use super::support::{Result, fresh, install};

/// Until the server listens, and until a test has ended.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A feature, a model of our server, and what has gone wrong.
pub struct Feature {
    pub name: String,
    pub model: &'static str,
    pub failure: Option<String>,
}

/// All of them with each model.
pub fn run() -> Result<Vec<Feature>> {
    let text = std::fs::read_to_string(python_dir()?.join("test/features/tests.json"))?;
    let tests: Vec<Value> = serde_json::from_str(&text)?;
    let mut done = Vec::new();
    for test in &tests {
        let name = test["name"].as_str().unwrap_or_default().to_owned();
        for model in MODELS {
            let failure = one(test, &name, model).err().map(|error| error.to_string());
            done.push(Feature {
                name: name.clone(),
                model,
                failure,
            });
        }
    }
    Ok(done)
}

fn one(test: &Value, name: &str, model: &str) -> Result {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut arguments = vec![
        format!("--protocol={}", first(test, "protocols")),
        format!("--transport={}", first(test, "transports")),
        format!("--port={port}"),
    ];
    if first(test, "sockets") == "ip-ssl" {
        arguments.push("--ssl".to_owned());
    }
    let ours = our_program(Side::Server)?;
    let mut server = Command::new(&ours.file);
    server
        .args(&ours.before)
        .args(&arguments)
        .args(strings(&test["remote_args"]))
        .arg(format!("--server-type={model}"));
    let mut server = Launched::start(&mut server, &fresh("cross-feature")?.join("server"))?;
    listening(port)?;
    let words = strings(&test["command"]);
    let (program, options) = words.split_first().ok_or("the test has no command")?;
    let folder = python_dir()?.join("test/features");
    let mut command = match program.as_str() {
        "python" => Command::new(install::python()?),
        script => Command::new(folder.join(script)),
    };
    command.current_dir(&folder).args(options).args(&arguments);
    let finished = output(&mut command, PATIENCE)?;
    if !finished.status.success() {
        let said = format!(
            "{}\n{}\n{}",
            finished.status, finished.stdout, finished.stderr
        );
        return Err(said.into());
    }
    check(name, &finished.stdout)?;
    server.hang_up()
}

/// `tls.sh` is content with any version; ours is to have both of today.
fn check(name: &str, said: &str) -> Result {
    if name != "tls" {
        return Ok(());
    }
    for version in ["tls1_2", "tls1_3"] {
        if !said.contains(&format!("\n{version} negotiation allowed")) {
            return Err(format!("no {version}:\n{said}").into());
        }
    }
    Ok(())
}

fn listening(port: u16) -> Result {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() >= deadline {
            return Err("our server does not listen".into());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn first(test: &Value, key: &str) -> String {
    strings(&test[key]).into_iter().next().unwrap_or_default()
}
