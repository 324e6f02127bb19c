//! `calculator-client [CONFIG]`: a few calls to `calculator-server`.

use seapink::ClientConfig;
use seapink_examples::idl::calculator::{CalculatorCalculateError, CalculatorClient, Operation};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/calculator/client.toml").to_owned();
    let config = ClientConfig::from_file(std::env::args().nth(1).unwrap_or(default))?;
    let calculator = CalculatorClient::connect(&config)?;

    println!("2 + 3 = {}", calculator.add(2, 3)?);
    println!(
        "7 * 6 = {}",
        calculator.calculate(Operation::MULTIPLY, 7.0, 6.0)?
    );
    match calculator.calculate(Operation::DIVIDE, 1.0, 0.0) {
        Err(CalculatorCalculateError::DivisionByZero(error)) => println!("1 / 0: {error}"),
        other => println!("1 / 0 = {other:?}"),
    }
    Ok(())
}
