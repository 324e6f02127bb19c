//! A server and a client for tokio in one program: `cargo run --bin async-calculator --features async`.

use std::time::Duration;

use seapink::config::ReplyOrder;
use seapink::{AsyncServer, CallContext, ClientConfig, ServerConfig};

#[allow(missing_docs, reason = "emitted")]
mod idl {
    include!(concat!(env!("OUT_DIR"), "/async_calculator.rs"));
}

use idl::calculator::{
    CalculatorAddError, CalculatorAsync, CalculatorAsyncClient, CalculatorAsyncProcessor,
    CalculatorSumError,
};

struct Calc;

impl CalculatorAsync for Calc {
    async fn add(&self, _: &CallContext, a: i32, b: i32) -> Result<i32, CalculatorAddError> {
        Ok(a.wrapping_add(b))
    }

    async fn sum(&self, _: &CallContext, numbers: Vec<i64>) -> Result<i64, CalculatorSumError> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(numbers.into_iter().fold(0, i64::wrapping_add))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The calls of a connection run at the same time.
    let config = ServerConfig::new("tcp://127.0.0.1:0").reply_order(ReplyOrder::Any);
    let server = AsyncServer::bind(&config, CalculatorAsyncProcessor::new(Calc))?;
    let handle = server.handle();
    let serving = tokio::spawn(server.run());

    let config = ClientConfig::new(handle.local_addr().to_string());
    let calculator = CalculatorAsyncClient::connect(&config).await?;
    let (slow, fast) = tokio::join!(calculator.sum(&[1, 2, 3]), calculator.add(2, 3));
    println!("1 + 2 + 3 = {}, 2 + 3 = {}", slow?, fast?);

    // A call that is dropped disturbs nobody.
    let given_up = tokio::time::timeout(Duration::from_millis(10), calculator.sum(&[1]));
    println!("given up: {}", given_up.await.is_err());
    println!("20 + 22 = {}", calculator.add(20, 22).await?);

    let report = handle.shutdown(Duration::from_secs(5)).await;
    println!("stopped, no call lost: {}", report.is_clean());
    serving.await??;
    Ok(())
}
