//! A client that starts its server, which is this program again, and calls it over pipes.
//!
//! Nobody else can call it, no port is open, and it ends with the client, however that ends.

use std::process::Command;

use seapink::{CallContext, Client, ClientConfig, Server, ServerConfig};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorClient,
    CalculatorProcessor, Operation,
};

struct Adder;

impl Calculator for Adder {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        // Standard output belongs to the connection, so this goes to standard error.
        println!("[server {}] {a} + {b}", std::process::id());
        Ok(a.wrapping_add(b))
    }

    fn calculate(
        &self,
        _: &CallContext,
        _: Operation,
        _: f64,
        _: f64,
    ) -> Result<f64, CalculatorCalculateError> {
        // As bad as it gets for a process, and no harm to the client.
        std::process::abort()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().any(|arg| arg == "--serve") {
        let config = ServerConfig::new("stdio://");
        // Returns when the input has ended.
        return Ok(Server::bind(&config, CalculatorProcessor::new(Adder))?.run()?);
    }
    // As `connect = "exec:///path/to/program"` and `[client.exec]` with `args = ["--serve"]` do in a file.
    let mut program = Command::new(std::env::current_exe()?);
    program.arg("--serve");
    let client: CalculatorClient =
        CalculatorClient::new(Client::spawn(program, &ClientConfig::new(""))?);
    println!("20 + 22 = {}", client.add(20, 22)?);
    if let Err(error) = client.calculate(Operation::ADD, 1.0, 2.0) {
        println!("{error}");
    }
    println!("and again: 2 + 2 = {}", client.add(2, 2)?);
    // Returns when the server has ended.
    drop(client);
    println!("the server is gone");
    Ok(())
}
