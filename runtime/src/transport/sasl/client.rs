//! The end that says who it is.

use std::io;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::transport::layer::{ClientSide, Coded, Coding, Layer};
use crate::transport::sasl::frame::{Frame, Status, begins_well};
use crate::transport::sasl::{ClientMechanism, ClientStep, MESSAGES_MAX};

/// Makes a mechanism's side of a connection.
pub(crate) type MakeClient = Arc<dyn Fn() -> Box<dyn ClientMechanism> + Send + Sync>;

/// What the connections of a client have in common.
pub(crate) struct SaslClientSide {
    /// The mechanism's name.
    pub(crate) name: String,
    pub(crate) make: MakeClient,
}

impl ClientSide for SaslClientSide {
    fn names(&self) -> (&'static str, String) {
        ("SASL", format!("`{}`", self.name))
    }

    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let mut greeting = Vec::new();
        let client = Client::begin(&self.name, (self.make)(), &mut greeting);
        let client = client.map_err(io::Error::other)?;
        Ok(Box::new(Coded::new(client, greeting)))
    }
}

struct Client {
    mechanism: Box<dyn ClientMechanism>,
    /// The mechanism is satisfied.
    satisfied: bool,
    /// So is the server.
    complete: bool,
    /// Of the server, so far.
    messages: usize,
}

impl Client {
    fn begin(name: &str, mechanism: Box<dyn ClientMechanism>, out: &mut Vec<u8>) -> Result<Self> {
        let mut client = Self {
            mechanism,
            satisfied: false,
            complete: false,
            messages: 0,
        };
        Frame::new(Status::Start, name.as_bytes()).write(out)?;
        let step = client.mechanism.begin()?;
        client.say(step, out)?;
        Ok(client)
    }

    fn say(&mut self, step: ClientStep, out: &mut Vec<u8>) -> Result<()> {
        let (status, response) = match step {
            ClientStep::More(response) => (Status::Ok, response),
            ClientStep::Done(response) => (Status::Complete, response),
        };
        self.satisfied = status == Status::Complete;
        Frame::new(status, &response).write(out)
    }

    fn hear(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<()> {
        self.messages += 1;
        if self.messages > MESSAGES_MAX {
            let text = format!("the server has sent {MESSAGES_MAX} SASL messages to no end");
            return Err(Error::new(ErrorKind::Limit, text));
        }
        match frame.status {
            Status::Ok if self.satisfied => {
                let text = "the server asks for more than the mechanism has to say";
                Err(Error::new(ErrorKind::Malformed, text))
            }
            Status::Ok => {
                let step = self.mechanism.answer(frame.payload);
                let step = step.inspect_err(|_| give_up(out))?;
                self.say(step, out)
            }
            Status::Complete => self.end(frame.payload).inspect_err(|_| give_up(out)),
            Status::Bad => {
                let text = format!("the server refused: {}", frame.words());
                Err(Error::new(ErrorKind::Denied, text))
            }
            Status::Error => {
                let text = format!("the server did not understand: {}", frame.words());
                Err(Error::new(ErrorKind::Malformed, text))
            }
            Status::Start => {
                let text = "the server sent a SASL message START, as clients do";
                Err(Error::new(ErrorKind::Malformed, text))
            }
        }
    }

    /// The server is satisfied, which says nothing of what the mechanism wants to know of it.
    fn end(&mut self, last: &[u8]) -> Result<()> {
        if !self.satisfied {
            let ClientStep::Done(_) = self.mechanism.answer(last)? else {
                let text = "the server says COMPLETE before the mechanism is";
                return Err(Error::new(ErrorKind::Denied, text));
            };
        }
        (self.satisfied, self.complete) = (true, true);
        Ok(())
    }
}

/// Tells the server that it goes no further.
#[cold]
fn give_up(out: &mut Vec<u8>) {
    // A short one fits.
    let _ = Frame::new(Status::Bad, b"").write(out);
}

impl Coding for Client {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        while !self.complete {
            let begun = self.messages > 0 || begins_well(raw, "server", &[1, 2, 3, 4, 5])?;
            if !begun {
                return Ok(taken);
            }
            let Some((frame, bytes)) = Frame::read(&raw[taken..])? else {
                return Ok(taken);
            };
            taken += bytes;
            self.hear(&frame, out)?;
        }
        content.extend_from_slice(&raw[taken..]);
        Ok(raw.len())
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(content);
        Ok(())
    }

    fn is_handshaking(&self) -> bool {
        !self.complete
    }

    fn is_done(&self) -> bool {
        self.complete
    }
}
