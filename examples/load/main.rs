//! `load`: calls a server at a fixed rate, and says how long the answers took.
//!
//! ```console
//! cargo run --release --bin calculator-server
//! cargo run --release --bin load -- --rate 1000 --duration 10
//! ```
//!
//! The server is that of the example `calculator` or, with `--call put` and `--call get`, that of
//! `key-value`. `load --serve FILE --work-ms 4` is one whose handler takes its time, to see what
//! happens when there is too much to do.

include!(concat!(env!("OUT_DIR"), "/store.rs"));

mod open_loop;
mod slow;

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use open_loop::{Report, Schedule};
use seapink::{Client, ClientConfig, Error, ErrorKind};
use seapink_examples::idl::calculator::{CalculatorAddError, CalculatorClient};
use store::{StoreClient, StoreGetError, StorePutError};

/// Calls a server at a fixed rate, whether or not earlier calls have come back.
#[derive(Parser)]
struct Arguments {
    /// Where the server listens.
    #[arg(default_value = "tcp://127.0.0.1:9090")]
    address: String,
    /// A client's configuration, for everything that has no option here; its `connect` counts instead
    /// of the address.
    #[arg(long)]
    config: Option<PathBuf>,
    /// What to call.
    #[arg(long, value_enum, default_value = "add")]
    call: Call,
    /// Calls in a second.
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// For how many seconds.
    #[arg(long, default_value_t = 10)]
    duration: u64,
    /// Connections.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// Calls in flight on each connection, at most. Each has a thread.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
    /// The server's transport.
    #[arg(long)]
    transport: Option<String>,
    /// The server's protocol.
    #[arg(long)]
    protocol: Option<String>,
    /// How large the values are that `put` and `get` carry.
    #[arg(long, default_value_t = 100)]
    payload_bytes: usize,
    /// Serves a calculator instead, with this configuration.
    #[arg(long, value_name = "CONFIG")]
    serve: Option<PathBuf>,
    /// How many milliseconds each call of that server takes.
    #[arg(long, default_value_t = 4, requires = "serve")]
    work_ms: u64,
    /// After how many milliseconds an answer is of no use any more.
    #[arg(long, default_value_t = 1_000)]
    deadline_ms: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Call {
    /// `add` of the calculator.
    Add,
    /// `put` of the key-value store, which writes to its file.
    Put,
    /// `get` of the key-value store.
    Get,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    if let Some(config) = &arguments.serve {
        return Ok(slow::serve(
            config,
            Duration::from_millis(arguments.work_ms),
        )?);
    }
    let config = arguments.client()?;
    let payload = vec![7; arguments.payload_bytes];
    if let Call::Get = arguments.call {
        StoreClient::connect(&config)?.put("load", &payload)?;
    }
    let mut callers = Vec::new();
    for _ in 0..arguments.connections {
        let client = Client::connect(&config)?;
        callers.extend((0..arguments.in_flight).map(|number| {
            let (client, payload) = (client.clone(), &payload);
            move |deadline| {
                let client = client.clone().with_deadline(deadline);
                call(arguments.call, client, number.into(), payload)
            }
        }));
    }
    let report = open_loop::run(arguments.schedule()?, callers);
    show(&arguments, &report);
    Ok(())
}

impl Arguments {
    fn client(&self) -> Result<ClientConfig, Failure> {
        let mut config = match &self.config {
            Some(file) => ClientConfig::from_file(file)?,
            None => ClientConfig::new(&*self.address),
        };
        if let Some(transport) = &self.transport {
            config = config.transport(transport);
        }
        if let Some(protocol) = &self.protocol {
            config = config.protocol(protocol);
        }
        Ok(config.in_flight_max(self.in_flight.into()))
    }

    fn schedule(&self) -> Result<Schedule, Failure> {
        if self.rate == 0 || f64::from(self.rate) * self.duration_s() > f64::from(u32::MAX / 2) {
            return Err("--rate times --duration must be from 1 to 2 000 000 000 calls".into());
        }
        Ok(Schedule {
            rate: self.rate.into(),
            duration: Duration::from_secs(self.duration),
            deadline: Duration::from_millis(self.deadline_ms),
        })
    }

    fn duration_s(&self) -> f64 {
        Duration::from_secs(self.duration).as_secs_f64()
    }
}

/// One call, whose answer is looked at.
fn call(call: Call, client: Client, number: i32, payload: &[u8]) -> Result<(), String> {
    let right = match call {
        Call::Add => CalculatorClient::new(client)
            .add(number, 2)
            .map(|sum| sum == number + 2)
            .map_err(|CalculatorAddError::Other(error)| kind(&error)),
        Call::Put => StoreClient::new(client)
            .put("load", payload)
            .map(|()| true)
            .map_err(|StorePutError::Other(error)| kind(&error)),
        Call::Get => StoreClient::new(client)
            .get("load")
            .map(|value| value == payload)
            .map_err(|error| match error {
                StoreGetError::NotFound(_) => "no such key".to_owned(),
                StoreGetError::Other(error) => kind(&error),
            }),
    };
    match right {
        Ok(true) => Ok(()),
        Ok(false) => Err("wrong answer".to_owned()),
        Err(kind) => Err(kind),
    }
}

/// Few enough to be counted, and what a reader has to know of each.
fn kind(error: &Error) -> String {
    let kind = match error.kind() {
        ErrorKind::Overloaded => "overloaded".to_owned(),
        ErrorKind::Timeout => "timed out".to_owned(),
        ErrorKind::Closed | ErrorKind::Io => "connection closed".to_owned(),
        ErrorKind::Application(code) => code.to_string(),
        kind => format!("{kind:?}"),
    };
    if error.is_retryable() {
        kind + ", not run"
    } else {
        kind
    }
}

fn show(arguments: &Arguments, report: &Report) {
    let Report {
        due,
        sent,
        done,
        late,
        ..
    } = report;
    let line = |name: &str, value: &dyn Display| println!("{name:<12} {value}");
    line(
        "due",
        &format_args!("{due}  ({} in a second)", arguments.rate),
    );
    line("sent", sent);
    line("done", done);
    for (error, count) in &report.errors {
        line("failed", &format_args!("{count}  {error}"));
    }
    line("late", late);
    line(
        "throughput",
        &format_args!("{:.0} in a second", report.throughput()),
    );
    for (name, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)] {
        line(name, &format_args!("{} µs", report.percentile_us(percent)));
    }
    line("max", &format_args!("{} µs", report.latency_us.max()));
    if late * 100 > *due {
        let callers = usize::from(arguments.connections) * usize::from(arguments.in_flight);
        println!(
            "{late} calls began late, since all {callers} callers were waiting for answers, or this machine \
             was busy: the server has never had more than {callers} calls at a time. With more \
             --connections or --in-flight it would have"
        );
    }
}
