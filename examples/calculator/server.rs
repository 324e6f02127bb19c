//! `calculator-server [CONFIG]`: serves until it is killed.

use seapink::{CallContext, Error, Server, ServerConfig};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorProcessor, DivisionByZero,
    Operation,
};

struct Calc;

impl Calculator for Calc {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        Ok(a.wrapping_add(b))
    }

    fn calculate(
        &self,
        _: &CallContext,
        operation: Operation,
        a: f64,
        b: f64,
    ) -> Result<f64, CalculatorCalculateError> {
        match operation {
            Operation::ADD => Ok(a + b),
            Operation::SUBTRACT => Ok(a - b),
            Operation::MULTIPLY => Ok(a * b),
            Operation::DIVIDE if b == 0.0 => Err(DivisionByZero {
                message: format!("{a} by zero"),
            }
            .into()),
            Operation::DIVIDE => Ok(a / b),
            other => Err(Error::handler(format!("I cannot {other}"), "a newer client").into()),
        }
    }
}

fn main() -> seapink::Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/calculator/server.toml").to_owned();
    let config = ServerConfig::from_file(std::env::args().nth(1).unwrap_or(default))?;
    let server = Server::bind(&config, CalculatorProcessor::new(Calc))?;
    println!("listening on {}", server.local_addr());
    server.run()
}
