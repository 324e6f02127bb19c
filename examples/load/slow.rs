//! A calculator that takes its time, as servers do that wait for something else.

use std::path::Path;
use std::thread;
use std::time::Duration;

use seapink::{CallContext, Server, ServerConfig};
use seapink_examples::idl::calculator::{
    Calculator, CalculatorAddError, CalculatorCalculateError, CalculatorProcessor, Operation,
};

struct Slow(Duration);

impl Calculator for Slow {
    fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        thread::sleep(self.0);
        Ok(a.wrapping_add(b))
    }

    fn calculate(
        &self,
        _: &CallContext,
        _: Operation,
        a: f64,
        b: f64,
    ) -> Result<f64, CalculatorCalculateError> {
        thread::sleep(self.0);
        Ok(a + b)
    }
}

/// Serves until it is killed.
pub(crate) fn serve(config: &Path, work: Duration) -> seapink::Result<()> {
    let config = ServerConfig::from_file(config)?;
    let server = Server::bind(&config, CalculatorProcessor::new(Slow(work)))?;
    println!("listening on {}", server.local_addr());
    server.run()
}
