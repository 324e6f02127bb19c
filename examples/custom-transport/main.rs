//! A server and a client over a transport that this program brings along.
//!
//! The name given to `Transports::with` is what `transport = "checksummed"` in a configuration means.

mod checksummed;

use std::thread;
use std::time::Duration;

use checksummed::Checksummed;
use seapink::transport::Transports;
use seapink::{CallContext, ClientConfig, Server, ServerConfig};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorClient,
    CalculatorProcessor, Operation,
};

struct Adder;

impl Calculator for Adder {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        Ok(a.wrapping_add(b))
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transports = Transports::standard().with("checksummed", Checksummed);
    let config = ServerConfig::from_toml(
        "[server]\nlisten = \"tcp://127.0.0.1:0\"\ntransport = \"checksummed\"\n",
    );
    let config = config?.transports(transports.clone());
    let server = Server::bind(&config, CalculatorProcessor::new(Adder))?;
    let address = server.local_addr().to_string();
    let handle = server.handle();
    let serving = thread::spawn(move || server.run());

    let config = ClientConfig::new(address)
        .transport("checksummed")
        .transports(transports);
    let sum = CalculatorClient::connect(&config)?.add(20, 22)?;
    println!("20 + 22 = {sum}, every message with a checksum");

    handle.shutdown(Duration::from_secs(5));
    serving.join().map_err(|_| "the server panicked")??;
    Ok(())
}
