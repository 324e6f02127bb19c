//! An agent for the clients of Jaeger: takes their spans as datagrams, and prints each as a line.
//!
//! ```console
//! cargo run --bin jaeger-agent                                       # compact at port 6831
//! cargo run --bin jaeger-agent -- --also udp://127.0.0.1:6832        # and the port for binary
//! ```
//!
//! Each datagram shows which protocol it is in, so both ports take both. `SIGINT` and `SIGTERM` end it, and it
//! says how much has come.

mod lines;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Parser;
use seapink::server::DatagramFault;
use seapink::{CallContext, Result, Server, ServerConfig};

use idl::agent::{Agent, AgentProcessor};
use idl::jaeger::Batch;

#[allow(missing_docs, reason = "from the IDL")]
mod idl {
    include!(concat!(env!("OUT_DIR"), "/agent.rs"));
}

/// Prints the spans that programs send to a Jaeger agent.
#[derive(Parser)]
struct Arguments {
    /// Configuration file with a section `[server]`.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Another address to listen at, configured alike.
    #[arg(long)]
    also: Vec<String>,
}

struct Printer;

impl Agent for Printer {
    fn emit_batch(&self, _: &CallContext, batch: Batch) -> Result<()> {
        let mut out = io::stdout().lock();
        for span in &batch.spans {
            writeln!(out, "{}", lines::span(&batch.process, span))?;
        }
        Ok(out.flush()?)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let config = match &arguments.config {
        Some(path) => ServerConfig::from_file(path)?,
        None => ServerConfig::from_toml(include_str!("agent.toml"))?,
    };
    let mut servers = vec![Server::bind(&config, AgentProcessor::new(Printer))?];
    for address in &arguments.also {
        let mut config = config.clone();
        config.listen.clone_from(address);
        servers.push(Server::bind(&config, AgentProcessor::new(Printer))?);
    }
    for server in &servers {
        println!("listening on {}", server.local_addr());
    }
    let handles: Vec<_> = servers.iter().map(Server::handle).collect();
    for handle in &handles {
        handle.shutdown_on_signals()?;
    }
    let threads: Vec<_> = servers
        .into_iter()
        .map(|server| std::thread::spawn(|| server.run()))
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a server panicked")??;
    }
    for handle in handles {
        let stats = handle.stats();
        let foreign = stats.datagrams_lost_by(DatagramFault::Foreign);
        eprintln!("{} datagrams, {foreign} of strangers", stats.datagrams);
    }
    Ok(())
}
