//! Volo's server, on Tokio with a thread for each core.

use super::{free_address, listening, text};
use crate::Result;

#[allow(
    unsafe_code,
    warnings,
    clippy::all,
    clippy::pedantic,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo.rs"));
}

use generated::volo::bench::{Echo, EchoServer, Small};

struct Handler;

impl Echo for Handler {
    async fn echo(&self, req: Small) -> std::result::Result<Small, volo_thrift::ServerError> {
        Ok(req)
    }
}

pub fn serve() -> Result<()> {
    let address = free_address()?;
    listening(address);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().map_err(text)?;
    let server = EchoServer::new(Handler);
    let serving = server.run(volo::net::Address::from(address));
    runtime.block_on(serving).map_err(text)
}
