//! A channel over one connection, with one call in flight at a time.
//!
//! Anything but a clean reply leaves the stream in a state that nobody knows, so the connection is
//! closed then, and the next call makes another. A late reply can never reach a later call.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::client::{Channel, Client};
use crate::config::{ClientConfig, ClientTimeouts};
use crate::error::{Delivery, Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::protocol::{MessageForm, ProtocolSet, WireProtocol};
use crate::transport::{
    Address, AddressConnector, Connector, Decoded, Decoder, Encoder, Inbox, OneStream, Setup,
    Stream, Transport, explain, shrink_out, write_all,
};

impl<Set: ProtocolSet> Client<Set> {
    /// Connects to the configured address.
    ///
    /// One call is in flight at a time; other threads wait for it. When the server has closed the
    /// connection between two calls, or a call has failed in a way that makes the connection
    /// unusable, the next call connects again.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub fn connect(config: &ClientConfig) -> Result<Self> {
        let address = config.connect.parse::<Address>();
        let address = address.map_err(|error| config.origin.blame("client.connect", error))?;
        Self::with_connector(AddressConnector(address), config)
    }

    /// The same for connections that are made in another way; [`ClientConfig::connect`] means
    /// nothing then.
    pub fn with_connector(
        connector: impl Connector + 'static,
        config: &ClientConfig,
    ) -> Result<Self> {
        config.check()?;
        let name = &config.protocol;
        let protocol = Set::named(name);
        let wire = Set::WIRE.iter().find(|wire| wire.name() == name);
        let (Some(protocol), Some(wire)) = (protocol, wire) else {
            let names: Vec<_> = Set::WIRE.iter().map(|wire| wire.name()).collect();
            return Err(config.origin.no_such("client.protocol", name, &names));
        };
        let connection = Connection::new(Box::new(connector), *wire, config)?;
        let form = if config.strict_write {
            MessageForm::Strict
        } else {
            MessageForm::Old
        };
        let client = Self::new(connection, protocol)
            .with_limits(config.limits)
            .with_form(form);
        Ok(match &config.service {
            Some(service) => client.service(service),
            None => client,
        })
    }

    /// A client over a stream that is connected already. When it has ended, calls fail with
    /// [`Closed`](ErrorKind::Closed).
    pub fn over(stream: impl Stream + 'static, config: &ClientConfig) -> Result<Self> {
        let stream: Box<dyn Stream> = Box::new(stream);
        Self::with_connector(OneStream(Mutex::new(Some(stream))), config)
    }
}

struct Connection {
    connector: Box<dyn Connector>,
    transport: Arc<dyn Transport>,
    transport_name: String,
    wire: &'static dyn WireProtocol,
    limits: Limits,
    timeouts: ClientTimeouts,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Taken out during a call, and put back only when the call ends cleanly.
    link: Option<Link>,
    sequence_id: i32,
    out: Vec<u8>,
}

struct Link {
    stream: Box<dyn Stream>,
    decoder: Box<dyn Decoder>,
    encoder: Box<dyn Encoder>,
    inbox: Inbox,
    /// No reply has been understood yet, so the server may speak anything.
    first: bool,
}

impl Connection {
    /// Connects at once, so that a wrong address is noticed early.
    fn new(
        connector: Box<dyn Connector>,
        wire: &'static dyn WireProtocol,
        config: &ClientConfig,
    ) -> Result<Self> {
        let name = &config.transport;
        let transport = config.transports.get(name).ok_or_else(|| {
            let names: Vec<_> = config.transports.names().collect();
            config.origin.no_such("client.transport", name, &names)
        })?;
        let connection = Self {
            connector,
            transport,
            transport_name: name.clone(),
            wire,
            limits: config.limits,
            timeouts: config.timeouts,
            state: Mutex::default(),
        };
        let link = connection.open()?;
        connection.state.lock().link = Some(link);
        Ok(connection)
    }

    fn open(&self) -> Result<Link> {
        let timeout = Duration::from_millis(self.timeouts.connect_ms);
        let stream = self.connector.connect(timeout)?;
        #[cfg(feature = "tracing")]
        tracing::debug!(peer = %stream.peer(), "connected");
        let setup = Setup::new(&self.limits, self.wire);
        let (decoder, encoder) = self.transport.open(&setup);
        Ok(Link {
            stream,
            decoder,
            encoder,
            inbox: Inbox::default(),
            first: true,
        })
    }

    /// Sends what is in the buffer. An error says whether any of it left.
    fn send(&self, link: &mut Link, out: &[u8]) -> Result<()> {
        let write_ms = self.timeouts.write_ms;
        let sent = write_all(&mut *link.stream, out, Duration::from_millis(write_ms));
        sent.map_err(|(written, error)| {
            let error = if is_timeout(&error) {
                let text = format!("the server did not take the call within write_ms = {write_ms}");
                Error::new(ErrorKind::Timeout, text)
            } else {
                error.into()
            };
            error.with_delivery(match written {
                0 => Delivery::NotSent,
                _ => Delivery::Sent,
            })
        })
    }

    /// Waits for one message, and hands it to `decode`.
    fn receive(&self, link: &mut Link, decode: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let read_ms = self.timeouts.read_ms;
        let timed_out = || {
            let text = format!("no reply within read_ms = {read_ms}");
            Error::new(ErrorKind::Timeout, text)
        };
        let timeout = Duration::from_millis(read_ms);
        let mut deadline = None;
        loop {
            let bytes = link.inbox.bytes();
            let decoded = match link.decoder.decode(bytes) {
                Ok(Decoded::NeedMore(missing)) => Ok(missing),
                Ok(Decoded::Message { message, consumed }) => {
                    Err(decode(message).map(|()| consumed))
                }
                Err(error) => Err(Err(error)),
            };
            let missing = match decoded {
                Ok(missing) => missing,
                Err(Ok(consumed)) => {
                    link.first = false;
                    link.inbox.consume(consumed);
                    return Ok(());
                }
                Err(Err(error)) if link.first => {
                    let name = &self.transport_name;
                    return Err(explain(error, bytes, name, self.wire.name()));
                }
                Err(Err(error)) => return Err(error),
            };
            // The first wait is the whole time-out, so that the system is not told another number
            // for each call.
            let wait = match deadline {
                None => {
                    deadline = Some(Instant::now() + timeout);
                    timeout
                }
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if wait.is_zero() {
                return Err(timed_out());
            }
            link.stream.set_read_timeout(Some(wait))?;
            match link.inbox.fill(&mut *link.stream, missing) {
                Ok(0) => return Err(self.closed(link.first)),
                Ok(_) => {}
                Err(error) if is_timeout(&error) => return Err(timed_out()),
                // What a server leaves unread when it closes comes back as a reset.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.closed(link.first).with_source(error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Connection {
    /// The connection ended instead of a reply. Before the first one, the likely reason is that the
    /// two ends were not configured alike.
    #[cold]
    fn closed(&self, first: bool) -> Error {
        let text = "the server closed the connection before it replied";
        if !first {
            return Error::new(ErrorKind::Closed, text);
        }
        let (transport, protocol) = (&self.transport_name, self.wire.name());
        let hint =
            format!("does it use the transport `{transport}` and the protocol `{protocol}`?");
        Error::new(ErrorKind::Closed, format!("{text}; {hint}"))
    }
}

impl Link {
    /// The link, if a call may be sent on it: the server has neither closed the connection since
    /// the last reply nor sent anything that nobody asked for.
    fn usable(mut self) -> Option<Self> {
        (self.inbox.is_empty() && self.stream.is_quiet()).then_some(self)
    }
}

impl Channel for Connection {
    fn exchange(
        &self,
        oneway: bool,
        encode: &mut dyn FnMut(i32, &mut Vec<u8>) -> Result<()>,
        decode: &mut dyn FnMut(i32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let not_sent = |error: Error| error.with_delivery(Delivery::NotSent);
        let mut state = self.state.lock();
        let State {
            link: place,
            sequence_id,
            out,
        } = &mut *state;
        let kept = place.take().and_then(Link::usable);
        let mut link = kept.map_or_else(|| self.open().map_err(not_sent), Ok)?;
        *sequence_id = sequence_id.wrapping_add(1);
        out.clear();
        let start = link.encoder.begin(out);
        let encoded = encode(*sequence_id, out).and_then(|()| link.encoder.end(out, start));
        if let Err(error) = encoded {
            shrink_out(out);
            *place = Some(link);
            return Err(not_sent(error));
        }
        let sent = self.send(&mut link, out);
        shrink_out(out);
        let received = sent.and_then(|()| {
            if oneway {
                return Ok(());
            }
            let received = self.receive(&mut link, &mut |message| decode(*sequence_id, message));
            received.map_err(|error| error.with_delivery(Delivery::Sent))
        });
        match &received {
            Ok(()) => {
                link.inbox.shrink();
                *place = Some(link);
            }
            Err(error) => {
                let _ = error;
                #[cfg(feature = "tracing")]
                tracing::warn!(peer = %link.stream.peer(), "connection closed: {error}");
            }
        }
        received
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
