//! The example of the README.

include!(concat!(env!("OUT_DIR"), "/hello.rs")); // build.rs compiled hello.thrift

use hello::{Greeter, GreeterClient, GreeterGreetError, GreeterProcessor};
use seapink::{CallContext, ClientConfig, Server, ServerConfig};

struct Polite;

impl Greeter for Polite {
    fn greet(&self, _: &CallContext, name: String) -> Result<String, GreeterGreetError> {
        Ok(format!("Hello, {name}!"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ServerConfig::from_toml("[server]\nlisten = 'tcp://127.0.0.1:0'")?;
    let server = Server::bind(&config, GreeterProcessor::new(Polite))?;
    let config = ClientConfig::new(server.local_addr().to_string());
    std::thread::spawn(move || server.run());
    println!("{}", GreeterClient::connect(&config)?.greet("Ada")?);
    Ok(())
}
