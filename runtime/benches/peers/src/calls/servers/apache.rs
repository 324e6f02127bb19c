//! The server of Apache's crate, which keeps a worker for each connection: it gets enough of them.

use thrift::protocol::{TBinaryInputProtocolFactory, TBinaryOutputProtocolFactory};
use thrift::server::TServer;
use thrift::transport::{
    TBufferedReadTransportFactory, TBufferedWriteTransportFactory, TFramedReadTransportFactory,
    TFramedWriteTransportFactory,
};

use super::{free_address, listening, text};
use crate::Result;
use crate::contestants::apache::bench::{EchoSyncHandler, EchoSyncProcessor, Small};

const WORKERS: usize = 128;

struct Handler;

impl EchoSyncHandler for Handler {
    fn handle_echo(&self, req: Small) -> thrift::Result<Small> {
        Ok(req)
    }
}

pub fn serve(framed: bool) -> Result<()> {
    let address = free_address()?;
    listening(address);
    let processor = EchoSyncProcessor::new(Handler);
    let input = TBinaryInputProtocolFactory::new();
    let output = TBinaryOutputProtocolFactory::new();
    if framed {
        let (read, write) = (
            TFramedReadTransportFactory::new(),
            TFramedWriteTransportFactory::new(),
        );
        let mut server = TServer::new(read, input, write, output, processor, WORKERS);
        server.listen(address).map_err(text)
    } else {
        let (read, write) = (
            TBufferedReadTransportFactory::new(),
            TBufferedWriteTransportFactory::new(),
        );
        let mut server = TServer::new(read, input, write, output, processor, WORKERS);
        server.listen(address).map_err(text)
    }
}
