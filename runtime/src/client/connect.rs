//! From a configuration to a client that is connected.

#[cfg(all(unix, feature = "stdio"))]
use std::process::Command;
use std::sync::Arc;

use parking_lot::Mutex;

use super::backoff::Backoff;
use super::caller::Caller;
use super::connection::Connection;
use super::dialer::Dialer;
use super::pool::Pool;
#[cfg(all(unix, feature = "stdio"))]
use super::spawned::Spawner;
use crate::client::Client;
use crate::config::ClientConfig;
#[cfg(all(unix, feature = "stdio"))]
use crate::config::ClientExec;
use crate::error::Result;
use crate::protocol::ProtocolSet;
use crate::transport::{Address, AddressConnector, Connector, LayerConnector, OneStream, Stream};

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
        let address = config.address()?;
        #[cfg(all(unix, feature = "stdio"))]
        if let Address::Exec(program) = &address {
            let mut command = Command::new(program);
            let ClientExec {
                args,
                env,
                directory,
                ..
            } = &config.exec;
            command.args(args);
            command.envs(env.iter().map(|(name, value)| (name, value)));
            if let Some(directory) = directory {
                command.current_dir(directory);
            }
            return Self::spawn(command, config);
        }
        let connector = AddressConnector::new(address.clone(), config.tcp);
        Self::reconnecting(Box::new(connector), Some(&address), config)
    }

    /// Starts a program that serves at its standard input and output, as a server at `stdio://` does,
    /// for each connection; [`ClientConfig::connect`] means nothing then. Needs the feature `stdio`.
    ///
    /// Of [`ClientConfig::exec`] counts how long a program may take to end when its connection has
    /// closed. Dropping the last client returns when all have ended.
    ///
    /// # Errors
    /// When it cannot be started. One that ends by itself is an error of the calls, which says how it
    /// ended.
    #[cfg(all(unix, feature = "stdio"))]
    pub fn spawn(command: Command, config: &ClientConfig) -> Result<Self> {
        let spawner = Spawner::new(command, config);
        Self::reconnecting(Box::new(spawner), None, config)
    }

    /// The same for connections that are made in another way; [`ClientConfig::connect`] means
    /// nothing then.
    pub fn with_connector(
        connector: impl Connector + 'static,
        config: &ClientConfig,
    ) -> Result<Self> {
        Self::reconnecting(Box::new(connector), None, config)
    }

    /// `address` is where the connector connects to, if it has one.
    fn reconnecting(
        connector: Box<dyn Connector>,
        address: Option<&Address>,
        config: &ClientConfig,
    ) -> Result<Self> {
        let reconnect = &config.reconnect;
        let backoff = Backoff::new(reconnect.min_ms, reconnect.max_ms);
        Self::dial(connector, address, config, Some(backoff))
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

    fn dial(
        connector: Box<dyn Connector>,
        address: Option<&Address>,
        config: &ClientConfig,
        backoff: Option<Backoff>,
    ) -> Result<Self> {
        let (caller, wire) = Caller::configured(config)?;
        let connector = config
            .sides(address)?
            .into_iter()
            .fold(connector, |below, side| {
                Box::new(LayerConnector::new(below, side))
            });
        let dialer = Arc::new(Dialer::new(connector, wire, config, address, backoff)?);
        if let Some(pool) = &config.pool {
            let pool = Pool::connect(dialer, pool, config.reply_order)?;
            return Ok(Self::with_caller(pool, caller));
        }
        let connection = Connection::new(dialer, config.in_flight_max, config.reply_order);
        connection.connect()?;
        Ok(Self::with_caller(connection, caller))
    }
}
