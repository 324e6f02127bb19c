//! A process that has run out of descriptors.

#![cfg(target_os = "linux")]

use std::net::TcpStream;
use std::process::Command;

use seapink::config::Model;
use seapink::{Client, ClientConfig, ServerConfig};

use crate::support::{MODELS, ProbeClient, Running, eventually};

const INSIDE: &str = "SEAPINK_TEST_FEW_DESCRIPTORS";

#[test]
fn a_server_without_descriptors_serves_again_when_it_has_some() {
    if std::env::var_os(INSIDE).is_some() {
        return MODELS.into_iter().for_each(run_out);
    }
    let name = "exhaustion::a_server_without_descriptors_serves_again_when_it_has_some";
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 40 && exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(program)
        .arg(name)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

fn run_out(model: Model) {
    let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").model(model));
    let address = running.handle.local_addr().to_string();
    let mut client = Some(ProbeClient(
        Client::connect(&ClientConfig::new(&*address)).unwrap(),
    ));
    client.as_ref().unwrap().echo("before").unwrap();
    if model == Model::Simple {
        // It takes no second connection before the first one ends.
        client = None;
    }
    // Descriptors of this process are those of the server: a connection takes two.
    let mut taken = Vec::new();
    let socket = address.strip_prefix("tcp://").unwrap();
    while let Ok(stream) = TcpStream::connect(socket) {
        taken.push(stream);
    }
    if model != Model::Simple {
        eventually("accepting fails", || {
            running.handle.stats().accept_errors > 0
        });
        // Those who are in are still served.
        assert_eq!(
            client.as_ref().unwrap().echo("meanwhile").unwrap(),
            "meanwhile"
        );
    }
    drop(taken);
    drop(client.take());
    let client = ProbeClient(Client::connect(&ClientConfig::new(&*address)).unwrap());
    assert_eq!(client.echo("after").unwrap(), "after");
}
