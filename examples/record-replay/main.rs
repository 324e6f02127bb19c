//! Records the calls of a running server into a file, then replays them into another processor.
//!
//! A recording is a file of events in the format of Apache's `TFileTransport`, one message each, so
//! it can be made or read by Apache's libraries as well.

mod recorder;

use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use recorder::Recorder;
use seapink::server::FileProcessor;
use seapink::transport::file::{FileOptions, FileReader, FileWriter, ReadMode};
use seapink::{CallContext, ClientConfig, Server, ServerConfig};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorClient,
    CalculatorProcessor, Operation,
};

/// Adds up everything that it is told.
#[derive(Debug, Default)]
struct Total(AtomicI32);

impl Calculator for &'static Total {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        Ok(self.0.fetch_add(a + b, Ordering::Relaxed) + a + b)
    }

    fn calculate(
        &self,
        _: &CallContext,
        _: Operation,
        a: f64,
        b: f64,
    ) -> Result<f64, CalculatorCalculateError> {
        Ok(a + b)
    }
}

static LIVE: Total = Total(AtomicI32::new(0));
static AGAIN: Total = Total(AtomicI32::new(0));

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let log = std::env::temp_dir().join(format!("seapink-recording-{}", std::process::id()));
    let shown = record(&log).and_then(|()| show_replay(&log));
    std::fs::remove_file(&log)?;
    shown
}

fn record(log: &Path) -> Result<(), Failure> {
    let config = ServerConfig::new("tcp://127.0.0.1:0");
    let log = FileWriter::open(log, FileOptions::default())?;
    let processor = Recorder::new(CalculatorProcessor::new(&LIVE), log);
    let server = Server::bind(&config, processor)?;
    let address = server.local_addr().to_string();
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());

    let calculator = CalculatorClient::connect(&ClientConfig::new(address))?;
    for (a, b) in [(1, 2), (10, 20), (100, 200)] {
        println!("recorded: add({a}, {b}) = {}", calculator.add(a, b)?);
    }

    handle.shutdown(Duration::from_secs(5));
    Ok(serving.join().map_err(|_| "the server panicked")??)
}

fn show_replay(log: &Path) -> Result<(), Failure> {
    let recorded = FileProcessor::new(CalculatorProcessor::new(&AGAIN), "binary")?;
    let mut messages = FileReader::open(log, FileOptions::default(), ReadMode::ToEnd)?;
    let replayed = recorded.replay(&mut messages, None, |_answer| ())?;
    let (live, again) = (
        LIVE.0.load(Ordering::Relaxed),
        AGAIN.0.load(Ordering::Relaxed),
    );
    let calls = replayed.replies;
    println!("replayed {calls} calls: the total was {live}, and is {again}");
    Ok(())
}
