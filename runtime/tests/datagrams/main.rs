//! Servers and clients over UDP, where a message is a datagram.

#![allow(clippy::unwrap_used, reason = "tests")]

#[cfg(feature = "tokio")]
mod asynchronous;
mod bounds;
mod calls;
mod client;
mod hostile;
mod raw;
mod shutdown;
#[path = "../server/support.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod support;

use seapink::ServerConfig;
use seapink::config::Model;

/// Those that serve datagrams.
const MODELS: [Model; 2] = [Model::Simple, Model::ThreadPool];

const PROTOCOLS: [&str; 3] = ["binary", "compact", "json"];

fn config(model: Model, protocol: &str) -> ServerConfig {
    let config = ServerConfig::new("udp://127.0.0.1:0").model(model);
    config.transport("buffered").protocol(protocol)
}
