//! Which transport and protocol a connection speaks: those of the configuration or, where that says
//! `auto`, those that its first bytes show.

use std::sync::Arc;

use crate::config::ServerConfig;
use crate::envelope::Envelope;
use crate::error::{ApplicationCode, Error, Result};
use crate::protocol::WireProtocol;
use crate::transport::{self, AUTO, Framing, Messages, Spoken, Transport};

/// The protocols that first bytes tell apart.
const KNOWN: [&str; 3] = ["binary", "compact", "json"];

pub(super) struct Selection {
    transports: Vec<Candidate>,
    /// They stand in frames of another one.
    in_frames: bool,
    /// Indices into those of the processor.
    protocols: Vec<(usize, &'static str)>,
    transport_name: String,
    protocol_name: String,
}

/// A transport, and what it puts around messages if that can be told.
type Candidate = (Option<Framing>, Arc<dyn Transport>);

/// What a connection speaks.
pub(super) type Chosen<'a> = (&'a dyn Transport, usize);

impl Selection {
    pub(super) fn new(
        config: &ServerConfig,
        protocols: &[&'static dyn WireProtocol],
    ) -> Result<Self> {
        let (transports, in_frames) = transports(config)?;
        let selection = Self {
            transports,
            in_frames,
            protocols: self::protocols(config, protocols)?,
            transport_name: config.transport.clone(),
            protocol_name: config.protocol.clone(),
        };
        selection.check(config)?;
        Ok(selection)
    }

    /// Refuses to find out what first bytes cannot tell.
    fn check(&self, config: &ServerConfig) -> Result<()> {
        let Self {
            transport_name,
            protocol_name,
            in_frames,
            ..
        } = self;
        let error = |key, text| Err(config.origin.error(key, text));
        let tells = |(framing, transport): &Candidate| {
            (framing.is_some() && !in_frames) || transport.names_protocol()
        };
        if protocol_name == AUTO && !self.transports.iter().all(tells) {
            let text = format!(
                "`auto` takes a transport whose first bytes show the protocol, as `framed`, `buffered`, \
                 `header`, `http`, `websocket` and `auto`, and `{transport_name}` does not; write \
                 `protocol = \"binary\"`, for example"
            );
            return error("server.protocol", text);
        }
        if transport_name == AUTO && self.protocols.iter().any(|(_, name)| !KNOWN.contains(name)) {
            let text = format!(
                "`auto` works with the protocols `binary`, `compact` and `json`, not with \
                 `{protocol_name}`"
            );
            return error("server.transport", text);
        }
        Ok(())
    }

    /// What every connection speaks, unless its first bytes decide.
    pub(super) fn fixed(&self) -> Option<Chosen<'_>> {
        match (&self.transports[..], &self.protocols[..]) {
            ([(_, transport)], [(protocol, _)]) => Some((&**transport, *protocol)),
            ([(_, transport)], [(protocol, _), ..]) if transport.names_protocol() => {
                Some((&**transport, *protocol))
            }
            _ => None,
        }
    }

    /// The transport of connections whose protocol their first bytes decide, if it is the same for all, with one
    /// of the protocols: to say no in.
    #[cold]
    pub(super) fn to_refuse_in(&self) -> Option<Chosen<'_>> {
        match (&self.transports[..], &self.protocols[..]) {
            ([(_, transport)], [(protocol, _), ..]) => Some((&**transport, *protocol)),
            _ => None,
        }
    }

    /// What the connection with these first bytes speaks; `None` while they are too few.
    ///
    /// # Errors
    /// When they are not the beginning of a message in anything that the server speaks.
    pub(super) fn detect(&self, first: &[u8]) -> Result<Option<Chosen<'_>>> {
        let found = transport::check(first, self.spoken(), |framing, protocol| {
            self.transport(framing).is_some() && self.protocol_in(framing, protocol).is_some()
        })?;
        Ok(found.and_then(|(framing, protocol)| {
            Some((
                self.transport(framing)?,
                self.protocol_in(framing, protocol)?,
            ))
        }))
    }

    fn spoken(&self) -> Spoken<'_> {
        let plain = |(framing, _): &Candidate| *framing == Some(Framing::Unframed);
        Spoken {
            transport: &self.transport_name,
            in_frames: self.in_frames,
            // Where first bytes decide nothing, a message that comes whole is read without this look, however
            // long its function's name is. One that comes in parts is not to be refused for that name.
            any_name: self.fixed().is_some() && self.transports.iter().all(plain),
        }
    }

    /// Refuses first bytes that begin no message, without waiting for its end.
    pub(super) fn check_first(&self, first: &[u8]) -> Result<()> {
        let known = |(framing, _): &Candidate| framing.is_some();
        let named = |(_, name): &(usize, &str)| KNOWN.contains(name);
        if first.len() >= transport::FIRST_BYTES
            && self.transports.iter().all(known)
            && self.protocols.iter().all(named)
        {
            self.detect(first)?;
        }
        Ok(())
    }

    /// Whether first bytes may be those of a message that the server would take, but for what is wrong
    /// with it: too long, for example.
    #[cold]
    pub(super) fn may_be_own(&self, first: &[u8]) -> bool {
        self.detect(first).is_ok()
    }

    /// What a peer is told whose bytes are no message: which it should have been, in the protocol that its
    /// connection has shown or in any that is spoken, and what is wrong.
    #[cold]
    pub(super) fn no_message(&self, shown: Option<usize>, why: &Error) -> Error {
        let spoken = self.protocols.iter();
        let spoken = spoken.filter(|(protocol, _)| shown.is_none_or(|shown| shown == *protocol));
        let names: Vec<_> = spoken.map(|(_, name)| format!("`{name}`")).collect();
        let names = match &names[..] {
            [others @ .., last] if !others.is_empty() => {
                format!("{} or {last}", others.join(", "))
            }
            _ => names.concat(),
        };
        Error::new(why.kind(), format!("no message in {names}: {why}"))
    }

    /// Says in an error what the first bytes look like instead.
    #[cold]
    pub(super) fn explain(&self, error: Error, first: &[u8]) -> Error {
        transport::explain(error, first, &self.transport_name, &self.protocol_name)
    }

    /// The protocol of a message whose envelope may say it.
    ///
    /// # Errors
    /// When the server does not speak that one.
    pub(super) fn within(&self, envelope: &Envelope, otherwise: usize) -> Result<usize> {
        let Some(name) = envelope.protocol else {
            return Ok(otherwise);
        };
        self.protocol(name).ok_or_else(|| {
            let text = format!("the message is in the protocol `{name}`, which is not spoken here");
            Error::application(ApplicationCode::INVALID_PROTOCOL, text)
        })
    }

    fn transport(&self, framing: Framing) -> Option<&dyn Transport> {
        let find = |framing| {
            let is_it = |(own, _): &&Candidate| *own == Some(framing);
            self.transports.iter().find(is_it)
        };
        // It takes what the others do as well.
        Some(&*find(framing).or_else(|| find(Framing::Header))?.1)
    }

    /// What first bytes show in such frames; heads say it of each message.
    fn protocol_in(&self, framing: Framing, name: &str) -> Option<usize> {
        match framing {
            Framing::Header => Some(self.protocols.first()?.0),
            _ => self.protocol(name),
        }
    }

    fn protocol(&self, name: &str) -> Option<usize> {
        let is_it = |(_, own): &&(usize, &str)| *own == name;
        Some(self.protocols.iter().find(is_it)?.0)
    }
}

/// And whether they stand in frames of another one.
fn transports(config: &ServerConfig) -> Result<(Vec<Candidate>, bool)> {
    let transports = &config.transports;
    Ok(match config.stack()?.messages {
        Messages::One(transport) => (vec![(transport.framing(), transport)], false),
        Messages::Nested(nested) => (vec![(nested.framing_inside(), Arc::new(nested))], true),
        Messages::Auto => {
            let all = transports.names().filter_map(|name| transports.get(name));
            let framed = all.filter_map(|transport| Some((Some(transport.framing()?), transport)));
            (framed.collect(), false)
        }
    })
}

fn protocols(
    config: &ServerConfig,
    protocols: &[&'static dyn WireProtocol],
) -> Result<Vec<(usize, &'static str)>> {
    let name = &config.protocol;
    let all = || protocols.iter().map(|protocol| protocol.name()).enumerate();
    if let Some(found) = all().find(|(_, own)| own == name) {
        return Ok(vec![found]);
    }
    let known: Vec<_> = all().filter(|(_, own)| KNOWN.contains(own)).collect();
    if name == AUTO && !known.is_empty() {
        return Ok(known);
    }
    let names: Vec<_> = all().map(|(_, own)| own).chain([AUTO]).collect();
    Err(config.no_protocol(name, &names))
}
