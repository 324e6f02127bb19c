//! The servers, each as its documentation says.

#![allow(
    clippy::print_stdout,
    reason = "the parent reads where a server listens"
)]

mod apache;
mod raw;
mod seapink;
mod volo;

use std::net::{SocketAddr, TcpListener};

use ::seapink::ServerConfig;
use ::seapink::config::{Dispatch, Model};

use crate::Result;

pub const RAW_POLL: &str = "raw poll";
pub const RAW_THREAD: &str = "raw thread";
pub const APACHE_FRAMED: &str = "apache framed";
pub const APACHE_BUFFERED: &str = "apache buffered";
pub const VOLO: &str = "volo";
pub const SEAPINK: [&str; 5] = [
    "seapink threaded",
    "seapink thread-pool",
    "seapink nonblocking",
    "seapink nonblocking inline",
    "seapink nonblocking inline, one loop",
];

pub const NAMES: [&str; 10] = [
    RAW_POLL,
    RAW_THREAD,
    SEAPINK[0],
    SEAPINK[1],
    SEAPINK[2],
    SEAPINK[3],
    SEAPINK[4],
    APACHE_FRAMED,
    APACHE_BUFFERED,
    VOLO,
];

/// Serves until the process is killed.
pub fn serve(name: &str) -> Result<()> {
    match name {
        RAW_POLL => raw::poll(),
        RAW_THREAD => raw::thread(),
        APACHE_FRAMED => apache::serve(true),
        APACHE_BUFFERED => apache::serve(false),
        VOLO => volo::serve(),
        "seapink threaded" => seapink::serve(|config| config.model(Model::Threaded)),
        "seapink thread-pool" => seapink::serve(|config| config.model(Model::ThreadPool)),
        "seapink nonblocking" => seapink::serve(|config| config.model(Model::Nonblocking)),
        "seapink nonblocking inline" => seapink::serve(inline),
        // As many threads as the raw poll has.
        "seapink nonblocking inline, one loop" => seapink::serve(|c| inline(c).io_threads(1)),
        _ => Err(format!("there is no server {name}")),
    }
}

fn inline(config: ServerConfig) -> ServerConfig {
    config.model(Model::Nonblocking).dispatch(Dispatch::Inline)
}

/// Tells the parent.
fn listening(address: impl std::fmt::Display) {
    println!("{address}");
}

/// For servers that do not tell which port the system has chosen.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
    listener.local_addr().map_err(text)
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
