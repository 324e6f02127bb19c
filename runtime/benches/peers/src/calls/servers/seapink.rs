//! Seapink, with nothing configured but how it uses threads.

use seapink::{CallContext, Server, ServerConfig};

use super::{listening, text};
use crate::Result;
use crate::contestants::seapink::bench::{Echo, EchoEchoError, EchoProcessor, Small};

struct Handler;

impl Echo for Handler {
    fn echo(&self, _: &CallContext, req: Small) -> std::result::Result<Small, EchoEchoError> {
        Ok(req)
    }
}

pub fn serve(configure: fn(ServerConfig) -> ServerConfig) -> Result<()> {
    let config = configure(ServerConfig::new("tcp://127.0.0.1:0"));
    let server = Server::bind(&config, EchoProcessor::new(Handler)).map_err(text)?;
    let address = server.local_addr().to_string();
    listening(address.trim_start_matches("tcp://"));
    server.run().map_err(text)
}
