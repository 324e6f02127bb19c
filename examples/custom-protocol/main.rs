//! A server and a client with a protocol that this program brings along, next to the standard ones.
//!
//! Emitted code stays as it is: `protocol_set!` makes a set, and server and client are given it.

mod little_endian;

use std::thread;
use std::time::Duration;

use little_endian::LittleEndian;
use seapink::{
    Binary, CallContext, Client, ClientConfig, Compact, Server, ServerConfig, WithProtocols,
    protocol_set,
};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorClient,
    CalculatorProcessor, Operation,
};

protocol_set! {
    /// What this program speaks. Protocols that are not listed are not even compiled.
    pub Spoken: Binary, Compact, LittleEndian
}

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
    for protocol in ["binary", "compact", "little-endian"] {
        let config = ServerConfig::new("tcp://127.0.0.1:0").protocol(protocol);
        let processor = WithProtocols::<Spoken, _>::new(CalculatorProcessor::new(Adder));
        let server = Server::bind(&config, processor)?;
        let address = server.local_addr().to_string();
        let handle = server.handle();
        let serving = thread::spawn(move || server.run());

        let config = ClientConfig::new(address).protocol(protocol);
        let calculator = CalculatorClient::new(Client::<Spoken>::connect(&config)?);
        println!("20 + 22 = {} in {protocol}", calculator.add(20, 22)?);

        handle.shutdown(Duration::from_secs(5));
        serving.join().map_err(|_| "the server panicked")??;
    }
    Ok(())
}
