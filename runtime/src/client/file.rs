//! A file as the other end of a client: calls are recorded, to be replayed later.

use crate::client::{CallOptions, Channel, Client};
use crate::error::{ApplicationCode, Delivery, Error, Result};
use crate::protocol::ProtocolSet;
use crate::transport::file::FileWriter;

impl<Set: ProtocolSet> Client<Set> {
    /// A client whose oneway calls are appended to a file, each of them one event, for a
    /// [`FileProcessor`](crate::server::FileProcessor). Other calls fail: nobody answers them.
    pub fn recording(file: FileWriter, protocol: Set) -> Self {
        Self::new(file, protocol)
    }
}

impl Channel for FileWriter {
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        _: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let recorded = if options.oneway {
            let mut message = Vec::new();
            encode(0, &mut message).and_then(|()| self.append(&message))
        } else {
            let text = "a file takes oneway calls only: it answers nobody";
            Err(Error::application(ApplicationCode::MISSING_RESULT, text))
        };
        recorded.map_err(|error| error.with_delivery(Delivery::NotSent))
    }
}
