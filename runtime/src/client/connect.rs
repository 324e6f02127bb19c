//! From a configuration to a client that is connected.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::backoff::Backoff;
use super::connection::Connection;
use super::dialer::Dialer;
use super::pool::Pool;
use super::retry::Retry;
use crate::client::Client;
use crate::config::ClientConfig;
use crate::error::Result;
use crate::protocol::{MessageForm, ProtocolSet};
use crate::transport::{Address, AddressConnector, Connector, OneStream, Stream};

impl<Set: ProtocolSet> Client<Set> {
    /// Connects to the configured address.
    ///
    /// Threads share the connection, with up to [`in_flight_max`](ClientConfig::in_flight_max) calls
    /// at the same time, or several connections if the configuration has a
    /// [`pool`](ClientConfig::pool). When the server has closed one between two calls, or a call has
    /// failed in a way that makes it unusable, the next call connects again.
    ///
    /// # Errors
    /// One sentence that names the key or address, and what stands in the way.
    pub fn connect(config: &ClientConfig) -> Result<Self> {
        let address = config.connect.parse::<Address>();
        let address = address.map_err(|error| config.origin.blame("client.connect", error))?;
        let host = match &address {
            Address::Tcp { host, .. } => Some(host.clone()),
            _ => None,
        };
        let connector = AddressConnector::new(address, config.tcp);
        Self::reconnecting(Box::new(connector), host.as_deref(), config)
    }

    /// The same for connections that are made in another way; [`ClientConfig::connect`] means
    /// nothing then.
    pub fn with_connector(
        connector: impl Connector + 'static,
        config: &ClientConfig,
    ) -> Result<Self> {
        Self::reconnecting(Box::new(connector), None, config)
    }

    /// `host` is whom the connector connects to, if that has a name.
    fn reconnecting(
        connector: Box<dyn Connector>,
        host: Option<&str>,
        config: &ClientConfig,
    ) -> Result<Self> {
        let reconnect = &config.reconnect;
        let backoff = Backoff::new(reconnect.min_ms, reconnect.max_ms);
        Self::dial(connector, host, config, Some(backoff))
    }

    /// A client over a stream that is connected already. When it has ended, calls fail with
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn over(stream: impl Stream + 'static, config: &ClientConfig) -> Result<Self> {
        let stream: Box<dyn Stream> = Box::new(stream);
        let connector = OneStream(Mutex::new(Some(stream)));
        let mut config = config.clone();
        config.pool = None;
        Self::dial(Box::new(connector), None, &config, None)
    }

    #[cfg_attr(
        not(feature = "tls"),
        allow(unused_variables, reason = "only certificates have names")
    )]
    fn dial(
        connector: Box<dyn Connector>,
        host: Option<&str>,
        config: &ClientConfig,
        backoff: Option<Backoff>,
    ) -> Result<Self> {
        config.check()?;
        #[cfg(feature = "tls")]
        let connector = config.secured(connector, host)?;
        let name = &config.protocol;
        let protocol = Set::named(name);
        let wire = Set::WIRE.iter().find(|wire| wire.name() == name);
        let (Some(protocol), Some(wire)) = (protocol, wire) else {
            let names: Vec<_> = Set::WIRE.iter().map(|wire| wire.name()).collect();
            return Err(config.origin.no_such("client.protocol", name, &names));
        };
        let dialer = Arc::new(Dialer::new(connector, *wire, config, backoff)?);
        let mut client = if let Some(pool) = &config.pool {
            Self::new(Pool::connect(dialer, pool, config.reply_order)?, protocol)
        } else {
            let connection = Connection::new(dialer, config.in_flight_max, config.reply_order);
            connection.connect()?;
            Self::new(connection, protocol)
        };
        client.retry = config
            .retry
            .as_ref()
            .map(|retry| Arc::new(Retry::new(retry)));
        let form = if config.strict_write {
            MessageForm::Strict
        } else {
            MessageForm::Old
        };
        let client = client
            .with_limits(config.limits)
            .with_form(form)
            .with_timeout(Duration::from_millis(config.timeouts.call_ms));
        Ok(match &config.service {
            Some(service) => client.service(service),
            None => client,
        })
    }
}
