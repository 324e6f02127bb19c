//! The end that asks who calls.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::peer::User;
use crate::transport::layer::{Coded, Coding, Layer, ServerSide};
use crate::transport::sasl::frame::{Frame, Status, begins_well, shown};
use crate::transport::sasl::{MESSAGES_MAX, ServerMechanism, ServerStep};

/// The longest name of a mechanism (RFC 4422).
const NAME_BYTES_MAX: usize = 20;

/// What a client's first message may begin with. One that comes out of turn is one of SASL still; but
/// that a client gives up first is unheard of, and RDP begins with the same 3.
const FIRST: [u8; 4] = [1, 2, 4, 5];

/// A mechanism, and what makes its side of a connection.
pub(crate) type Offer = (
    String,
    Arc<dyn Fn() -> Box<dyn ServerMechanism> + Send + Sync>,
);

/// What the connections of a server have in common.
pub(crate) struct SaslServerSide(pub(crate) Arc<[Offer]>);

impl ServerSide for SaslServerSide {
    fn layer(&self) -> io::Result<Box<dyn Layer>> {
        let server = Server {
            offers: Arc::clone(&self.0),
            state: State::Begun,
            messages: 0,
        };
        Ok(Box::new(Coded::new(server, Vec::new())))
    }
}

struct Server {
    offers: Arc<[Offer]>,
    state: State,
    /// Of the client, so far.
    messages: usize,
}

enum State {
    /// Nothing was said.
    Begun,
    /// A mechanism is at work.
    Asking {
        name: String,
        mechanism: Box<dyn ServerMechanism>,
    },
    Known(Arc<User>),
}

/// Why nobody is let in: what the log is told and, unless it speaks something else, the client.
struct Refusal {
    error: Error,
    told: Option<(Status, String)>,
}

impl From<Error> for Refusal {
    /// Of what makes no sense.
    fn from(error: Error) -> Self {
        let told = Some((Status::Error, error.message().to_owned()));
        Self { error, told }
    }
}

impl Refusal {
    fn malformed(text: impl Into<String>) -> Self {
        Error::new(ErrorKind::Malformed, text.into()).into()
    }

    /// Of a mechanism, whose words are for the log unless they are about what makes no sense.
    fn by_mechanism(error: Error) -> Self {
        let text = match error.kind() {
            ErrorKind::Malformed => return error.into(),
            ErrorKind::Denied => "invalid credentials",
            _ => "nobody can be let in now",
        };
        let told = Some((Status::Bad, text.to_owned()));
        Self { error, told }
    }
}

impl Server {
    /// Takes one message, if it is whole. How many bytes that took.
    fn step(&mut self, raw: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, Refusal> {
        if matches!(self.state, State::Begun) {
            let begun = begins_well(raw, "client", &FIRST);
            if !begun.map_err(|error| Refusal { error, told: None })? {
                return Ok(None);
            }
        }
        let Some((frame, bytes)) = Frame::read(raw)? else {
            return Ok(None);
        };
        self.messages += 1;
        if self.messages > MESSAGES_MAX {
            let text = format!("the client has sent {MESSAGES_MAX} SASL messages to no end");
            return Err(Error::new(ErrorKind::Limit, text).into());
        }
        match (&mut self.state, frame.status) {
            (State::Begun, Status::Start) => self.start(frame.payload)?,
            (State::Asking { .. }, Status::Ok | Status::Complete) => self.ask(&frame, out)?,
            (_, Status::Bad | Status::Error) => {
                let text = format!("the client gave SASL up: {}", frame.words());
                let error = Error::new(ErrorKind::Denied, text);
                return Err(Refusal { error, told: None });
            }
            (_, status) => {
                let text = format!("a SASL message {} comes out of turn", status.name());
                return Err(Refusal::malformed(text));
            }
        }
        Ok(Some(bytes))
    }

    fn start(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let name = match std::str::from_utf8(name) {
            Ok(name) if (1..=NAME_BYTES_MAX).contains(&name.len()) && is_name(name) => name,
            _ => return Err(Refusal::malformed("that is no name of a SASL mechanism")),
        };
        let Some((name, make)) = self.offers.iter().find(|(own, _)| own == name) else {
            let names: Vec<_> = self.offers.iter().map(|(own, _)| &**own).collect();
            let text = format!(
                "the mechanism `{}` is not offered; there are: {}",
                shown(name),
                names.join(" ")
            );
            let told = Some((Status::Bad, text.clone()));
            let error = Error::new(ErrorKind::Denied, text);
            return Err(Refusal { error, told });
        };
        self.state = State::Asking {
            mechanism: make(),
            name: name.clone(),
        };
        Ok(())
    }

    fn ask(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let State::Asking { name, mechanism } = &mut self.state else {
            return Ok(());
        };
        match caught(|| mechanism.answer(frame.payload)).map_err(Refusal::by_mechanism)? {
            ServerStep::More(_) if frame.status == Status::Complete => {
                let text = format!("the client says COMPLETE, and {name} is not");
                Err(Refusal::malformed(text))
            }
            ServerStep::More(challenge) => {
                let frame = Frame::new(Status::Ok, &challenge);
                frame.write(out).map_err(Refusal::by_mechanism)
            }
            ServerStep::Done(user, last) => {
                let frame = Frame::new(Status::Complete, &last);
                frame.write(out).map_err(Refusal::by_mechanism)?;
                let user = user.known_by(name);
                self.state = State::Known(Arc::new(user));
                Ok(())
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Runs what users have written, on a thread that others need.
fn caught<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    let ran = catch_unwind(AssertUnwindSafe(run));
    ran.unwrap_or_else(|_| {
        let text = "the mechanism panicked";
        Err(Error::new(ErrorKind::Handler, text))
    })
}

impl Coding for Server {
    fn decode(&mut self, raw: &[u8], content: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        while self.is_handshaking() {
            match self.step(&raw[taken..], out) {
                Ok(Some(bytes)) => taken += bytes,
                Ok(None) => return Ok(taken),
                Err(Refusal { error, told }) => {
                    if let Some((status, text)) = told {
                        // A text that is too long is not told.
                        let _ = Frame::new(status, text.as_bytes()).write(out);
                    }
                    return Err(error);
                }
            }
        }
        content.extend_from_slice(&raw[taken..]);
        Ok(raw.len())
    }

    fn encode(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(content);
        Ok(())
    }

    fn is_handshaking(&self) -> bool {
        !self.is_done()
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Known(_))
    }

    fn user(&self) -> Option<Arc<User>> {
        match &self.state {
            State::Known(user) => Some(Arc::clone(user)),
            _ => None,
        }
    }
}
