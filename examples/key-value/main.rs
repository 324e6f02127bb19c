//! A key-value store that writes every change to a file, and reads the file when it starts.
//!
//! `key-value` shows it: it starts the store, changes it, stops it, starts it again from the file
//! alone. `key-value serve --log FILE [--config FILE]` runs it as a server.

include!(concat!(env!("OUT_DIR"), "/store.rs"));

mod durable;

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::{Parser, Subcommand};
use durable::Durable;
use seapink::{ClientConfig, Server, ServerConfig, ServerHandle};
use store::{StoreClient, StoreGetError, StoreProcessor};

#[derive(Parser)]
#[command(about = "A key-value store with a file log")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is killed.
    Serve {
        /// The file that holds every change.
        #[arg(long)]
        log: PathBuf,
        /// The server's configuration.
        #[arg(long)]
        config: Option<PathBuf>,
    },
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Some(Command::Serve { log, config }) = Arguments::parse().command else {
        return show();
    };
    let config = match config {
        Some(file) => ServerConfig::from_file(file)?,
        None => ServerConfig::default(),
    };
    let server = Server::bind(&config, StoreProcessor::new(Durable::open(&log)?))?;
    println!("listening on {}", server.local_addr());
    Ok(server.run()?)
}

fn show() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    first_life(&log)?;
    second_life(&log)
}

fn first_life(log: &std::path::Path) -> Result<(), Failure> {
    let (server, client) = start(log)?;
    client.put("colour", b"pink")?;
    client.put("colour", b"sea pink")?;
    client.put("habitat", b"cliffs")?;
    client.put("mistake", b"?")?;
    println!("mistake was there: {}", client.remove("mistake")?);
    println!("keys before the stop: {}", client.size()?);
    server.stop()
}

fn second_life(log: &std::path::Path) -> Result<(), Failure> {
    let (server, client) = start(log)?;
    println!("keys after it was started again: {}", client.size()?);
    println!(
        "colour = {}",
        String::from_utf8_lossy(&client.get("colour")?)
    );
    match client.get("mistake") {
        Err(StoreGetError::NotFound(error)) => println!("no key `{}`", error.key),
        other => return Err(format!("{other:?}").into()),
    }
    server.stop()
}

struct Running {
    handle: ServerHandle,
    thread: JoinHandle<seapink::Result<()>>,
}

impl Running {
    fn stop(self) -> Result<(), Failure> {
        self.handle.shutdown(Duration::from_secs(5));
        Ok(self.thread.join().map_err(|_| "the server panicked")??)
    }
}

fn start(log: &std::path::Path) -> Result<(Running, StoreClient), Failure> {
    let config = ServerConfig::new("tcp://127.0.0.1:0");
    let server = Server::bind(&config, StoreProcessor::new(Durable::open(log)?))?;
    let client = ClientConfig::new(server.local_addr().to_string());
    let handle = server.handle();
    let thread = thread::spawn(move || server.run());
    Ok((Running { handle, thread }, StoreClient::connect(&client)?))
}
