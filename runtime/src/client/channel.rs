//! What carries messages for a client, and what it is told of them.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::deadline::Deadline;
use crate::envelope::{Headers, TIMEOUT};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::Encoder;

/// Carries messages to a server and back.
///
/// Safe to share between threads. Whoever implements it pairs each reply with its call; the two
/// closures are called at most once each, on the caller's thread.
pub trait Channel: Send + Sync {
    /// Sends the message that `encode` appends for the sequence id it is given, waits for the reply
    /// unless the call is `oneway`, and hands it to `decode` with the sequence id that the reply has
    /// to have.
    ///
    /// # Errors
    /// Those of the closures, and those of the transport, each with its
    /// [`Delivery`](crate::Delivery). After an error of `decode` the stream cannot be trusted any
    /// more: the channel closes its connection.
    fn exchange(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()>;

    /// Sends a message whose reply is wanted later. One that has calls in flight returns once it is
    /// handed to the system; what every channel can do is to wait for the reply and keep it.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    fn send(
        &self,
        options: &CallOptions,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Sent> {
        let mut kept = None;
        self.exchange(options, encode, &mut |sequence_id, reply| {
            let reply = reply.to_vec();
            kept = Some(Sent::Replied { sequence_id, reply });
            Ok(())
        })?;
        kept.ok_or_else(|| Error::new(ErrorKind::Closed, "the channel brought no reply"))
    }

    /// Waits for the reply to what was sent.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    fn receive(
        &self,
        sent: Sent,
        deadline: &Deadline,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let _ = deadline;
        match sent {
            Sent::Replied { sequence_id, reply } => decode(sequence_id, &reply),
            Sent::InFlight { .. } => {
                let text = "the call was sent by another channel";
                Err(Error::new(ErrorKind::Config, text))
            }
        }
    }

    /// Gives up what was sent: nobody wants the reply.
    fn abandon(&self, sent: Sent) {
        drop(sent);
    }
}

/// What a [`Channel`] is told of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallOptions {
    /// Nobody waits for a reply.
    pub oneway: bool,
    /// When the call has to be over.
    pub deadline: Deadline,
    /// The server may run the call more than once: the IDL says so of its function, with
    /// `(rust.idempotent)`. Not said of a call that is [sent](Channel::send) to be waited for later,
    /// which nobody makes again.
    pub idempotent: bool,
    /// What goes with the call, over transports that carry headers.
    pub headers: Option<Arc<Headers>>,
    /// Where to leave what comes with the reply.
    pub reply_headers: Option<Arc<Mutex<Headers>>>,
}

impl CallOptions {
    /// The headers, and how much time there is for the call, unless they say that. None where nothing
    /// carries them.
    pub(super) fn headers_over(&self, encoder: &dyn Encoder) -> Cow<'_, Headers> {
        if !encoder.carries_headers() {
            return Cow::Owned(Headers::new());
        }
        let mut headers = match &self.headers {
            Some(headers) => Cow::Borrowed(&**headers),
            None => Cow::Owned(Headers::new()),
        };
        if !headers.has(TIMEOUT)
            && let Some(left) = self.deadline.left()
        {
            let ms = left.as_millis().max(1);
            headers.to_mut().set(TIMEOUT, ms.to_string());
        }
        headers
    }

    /// For a call that has to be over by then, and may not be run twice.
    pub fn new(oneway: bool, deadline: Deadline) -> Self {
        Self {
            oneway,
            deadline,
            idempotent: false,
            headers: None,
            reply_headers: None,
        }
    }
}

/// What a [`Channel`] knows of a call that it has sent.
#[derive(Debug)]
pub enum Sent {
    /// Its reply is still to come.
    InFlight {
        /// Where the channel keeps it.
        slot: usize,
        /// That of the call.
        sequence_id: i32,
    },
    /// Its reply is here.
    Replied {
        /// That of the call.
        sequence_id: i32,
        /// The message.
        reply: Vec<u8>,
    },
}
