//! The first message that comes over a stream, of which somebody wants to hear: a program that a client
//! has started lives.

use crate::error::Result;
use crate::transport::{
    Decoded, Decoder, Encoder, Framing, Setup, Transport, Waker, explain_printed,
};

/// A transport for one such stream.
pub(super) struct Greeted<'a> {
    pub(super) transport: &'a dyn Transport,
    pub(super) tell: Waker,
    /// That what has come instead can be none.
    pub(super) misunderstood: Option<Waker>,
}

impl Transport for Greeted<'_> {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let (decoder, encoder) = self.transport.open(setup);
        let decoder = Greeting {
            decoder,
            tell: Some(self.tell.clone()),
            misunderstood: self.misunderstood.clone(),
        };
        (Box::new(decoder), encoder)
    }

    fn is_exclusive(&self) -> bool {
        self.transport.is_exclusive()
    }

    fn framing(&self) -> Option<Framing> {
        self.transport.framing()
    }

    fn names_protocol(&self) -> bool {
        self.transport.names_protocol()
    }
}

struct Greeting {
    decoder: Box<dyn Decoder>,
    /// Until it is told.
    tell: Option<Waker>,
    misunderstood: Option<Waker>,
}

impl Decoder for Greeting {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        let Self {
            decoder,
            tell,
            misunderstood,
        } = self;
        let found = decoder.decode(buffer);
        if tell.is_none() {
            return found;
        }
        let found = found.map_err(|error| {
            if let Some(tell) = misunderstood {
                tell();
            }
            explain_printed(error, buffer)
        })?;
        if !matches!(found, Decoded::NeedMore(_))
            && let Some(tell) = tell.take()
        {
            tell();
        }
        Ok(found)
    }

    fn shrink(&mut self) {
        self.decoder.shrink();
    }
}
