//! What children do.

#![allow(dead_code, reason = "a build without features has no children")]

use std::env;
use std::io::{Read, Write, stdin};
use std::process::{Command, Stdio, abort, exit};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use seapink::{ClientConfig, Server, ServerConfig};

use crate::support::{AGES, Probe, ProbeClient};

/// Names of variables.
pub(crate) const ROLE: &str = "SEAPINK_TEST_ROLE";
pub(crate) const CONFIG: &str = "SEAPINK_TEST_CONFIG";

/// This program in a role, with a configuration.
pub(crate) fn command(role: &str, config: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ROLE, role).env(CONFIG, config);
    command.stderr(Stdio::null());
    command
}

pub(crate) fn play(role: &str) {
    let config = env::var(CONFIG).unwrap_or_default();
    match role {
        "serve" => serve(&config),
        "twice" => {
            let config = ServerConfig::from_toml(&config).unwrap();
            let _first = Server::bind(&config, Probe::default()).unwrap();
            let error = Server::bind(&config, Probe::default()).unwrap_err();
            eprint!("{error}");
        }
        // Once it was called.
        "fail" => {
            let _ = stdin().read(&mut [0; 8]);
            exit(3);
        }
        // As a program that knows another command line.
        "print" => println!("usage: calc --serve"),
        // Slow to answer: begins by a part of a frame.
        "begin" => {
            let mut stdout = std::io::stdout();
            stdout.write_all(b"\0\0\0\x20\x80\x01").unwrap();
            stdout.flush().unwrap();
            let _ = stdin().read_to_end(&mut Vec::new());
        }
        // Ends only when it is killed.
        "hang" => {
            let _ = stdin().read_to_end(&mut Vec::new());
            thread::sleep(10 * AGES);
        }
        "call" => call(&config),
        _ => exit(99),
    }
}

fn serve(config: &str) {
    let config = ServerConfig::from_toml(config).unwrap();
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    let server = Server::bind(&config, probe).unwrap();
    // What a program prints carelessly must not reach the peer, nor may the program take its bytes.
    println!("noise");
    thread::spawn(|| stdin().read_to_end(&mut Vec::new()));
    let handle = server.handle();
    thread::spawn(move || {
        loop {
            if handler.has_noted("die") {
                abort();
            }
            if handler.has_noted("stop") {
                handle.shutdown(AGES);
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    server.run().unwrap();
    println!("noise");
}

/// Writes and reads more than fits, until it is killed.
fn call(config: &str) {
    let client = ProbeClient::connect(&ClientConfig::from_toml(config).unwrap()).unwrap();
    let text = "x".repeat(100_000);
    while client.echo(&text).is_ok_and(|reply| reply == text) {}
}
