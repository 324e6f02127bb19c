//! Records the calls of a running server, and replays them into another one: what does the new version
//! answer to the calls of yesterday?
//!
//! `record-replay` shows it with servers of its own. To do the same step by step:
//!
//! ```console
//! record-replay serve --config server.toml --log calls.log --answers
//! record-replay call tcp://127.0.0.1:9090
//! record-replay replay calls.log tcp://127.0.0.1:9091
//! ```
//!
//! `replay` works with the recording of any service, and without its IDL. It ends with 0 when every
//! answer is the one that was recorded, with 1 when one differs, and with 2 when it cannot replay.

include!(concat!(env!("OUT_DIR"), "/tally.rs"));

mod answer;
mod replay;
mod service;
mod value;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use seapink::server::{Record, RecordOptions};
use seapink::transport::file::{FileFormat, FileOptions};
use seapink::{Client, ClientConfig, Multiplexed, Server, ServerConfig};
use service::Sum;
use tally::{TallyClient, TallyProcessor};

/// Records the calls of a server, and replays them into another one.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is killed, and records.
    Serve {
        /// The server's configuration.
        #[arg(long)]
        config: PathBuf,
        /// The file that calls are appended to.
        #[arg(long)]
        log: PathBuf,
        /// Records answers too.
        #[arg(long)]
        answers: bool,
        /// The largest amount that it adds.
        #[arg(long, default_value_t = 100)]
        limit: i32,
    },
    /// Makes a few calls.
    Call {
        #[command(flatten)]
        server: Target,
    },
    /// Makes the calls of a recording, and compares the answers.
    Replay {
        /// The recording.
        log: PathBuf,
        #[command(flatten)]
        server: Target,
        /// So many of the calls whose answers differ are printed.
        #[arg(long, default_value_t = 10)]
        show: u64,
        /// Bytes of a chunk of the recording, if it is in Apache's format and was made with another
        /// number than usual.
        #[arg(long)]
        chunk_bytes: Option<u32>,
    },
}

/// Where to call.
#[derive(Args)]
struct Target {
    /// Where the server listens.
    #[arg(required_unless_present = "config")]
    address: Option<String>,
    /// A client's configuration.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The server's transport.
    #[arg(long)]
    transport: Option<String>,
    /// The server's protocol.
    #[arg(long)]
    protocol: Option<String>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        None => demonstrate(),
        Some(Command::Serve {
            config,
            log,
            answers,
            limit,
        }) => serve(&config, &log, answers, limit),
        Some(Command::Call { server }) => server.config().and_then(|config| call(&config)),
        Some(Command::Replay {
            log,
            server,
            show,
            chunk_bytes,
        }) => server.config().and_then(|config| {
            let mut options = FileOptions::default();
            options.chunk_bytes = chunk_bytes.unwrap_or(options.chunk_bytes);
            let summary = replay::replay(&log, options, &config, show)?;
            println!("{summary}");
            Ok(ExitCode::from(u8::from(summary.differs())))
        }),
    };
    done.unwrap_or_else(|error| {
        eprintln!("Error: {error}");
        ExitCode::from(2)
    })
}

impl Target {
    /// Options count more than what the configuration says.
    fn config(&self) -> Result<ClientConfig, Failure> {
        let mut config = match (&self.config, &self.address) {
            (Some(file), _) => ClientConfig::from_file(file)?,
            (None, address) => ClientConfig::new(address.as_deref().unwrap_or_default()),
        };
        if let Some(address) = &self.address {
            config.connect.clone_from(address);
        }
        if let Some(transport) = &self.transport {
            config = config.transport(transport);
        }
        if let Some(protocol) = &self.protocol {
            config = config.protocol(protocol);
        }
        Ok(config)
    }
}

fn recording(answers: bool) -> RecordOptions {
    let file = FileOptions::default()
        .format(FileFormat::Checksummed)
        .sync_ms(100);
    RecordOptions::default().file(file).answers(answers)
}

/// The service under its name, and for clients that name none.
fn processor(limit: i32) -> Multiplexed {
    let sum = Sum::new(limit);
    Multiplexed::new()
        .service("Tally", TallyProcessor::new(sum.clone()))
        .default_service(TallyProcessor::new(sum))
}

fn serve(config: &Path, log: &Path, answers: bool, limit: i32) -> Result<ExitCode, Failure> {
    let config = ServerConfig::from_file(config)?;
    let record = Record::open(log, recording(answers))?;
    let server = Server::bind(&config, record.around(processor(limit)))?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    record.close()?;
    Ok(ExitCode::SUCCESS)
}

/// A call that ends in each way, some of them under the name of the service.
fn call(config: &ClientConfig) -> Result<ExitCode, Failure> {
    let client: Client = Client::connect(config)?;
    let tally = TallyClient::new(client.clone());
    let named = TallyClient::new(client.service("Tally"));
    println!("{} {}", tally.add(3)?, named.add(4)?);
    for amount in [60, -1] {
        match tally.add(amount) {
            Ok(sum) => println!("{sum}"),
            Err(error) => println!("{error}"),
        }
    }
    println!("{} amounts", named.counts()?.len());
    tally.clear()?;
    println!("{}", tally.add(5)?);
    Ok(ExitCode::SUCCESS)
}

fn demonstrate() -> Result<ExitCode, Failure> {
    // A new folder, which nobody else may enter, and which is removed at the end.
    let folder = tempfile::tempdir()?;
    record_and_replay(&folder.path().join("calls.log"))
}

fn record_and_replay(log: &Path) -> Result<ExitCode, Failure> {
    let record = Record::open(log, recording(true))?;
    println!("calls, and what they came to:");
    with_server(record.around(processor(100)), call)?;
    println!("recorded {} calls", record.close()?.recorded);
    for (limit, what) in [
        (100, "the same program"),
        (50, "one that adds up to 50 at a time"),
    ] {
        println!("\nreplayed into {what}:");
        with_server(processor(limit), |config| {
            let summary = replay::replay(log, FileOptions::default(), config, 10)?;
            println!("{summary}");
            Ok(ExitCode::SUCCESS)
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a server as long as something is done with it.
fn with_server(
    processor: impl seapink::Processor + 'static,
    run: impl FnOnce(&ClientConfig) -> Result<ExitCode, Failure>,
) -> Result<(), Failure> {
    let server = Server::bind(&ServerConfig::new("tcp://127.0.0.1:0"), processor)?;
    let config = ClientConfig::new(server.local_addr().to_string());
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());
    let done = run(&config);
    handle.shutdown(Duration::from_secs(5));
    serving.join().map_err(|_| "the server panicked")??;
    done?;
    Ok(())
}
