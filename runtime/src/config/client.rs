//! How a client connects.

use std::path::Path;

use crate::config::document::{self, Section};
use crate::config::origin::Origin;
use crate::config::{EXAMPLE, TIMEOUT_MS_MAX, WIRE_MAX, check_limits, limits};
use crate::error::Result;
use crate::limits::Limits;
use crate::transport::Transports;

/// How a client connects, and bounds what replies may cost.
///
/// By builder, or from the section `[client]` of a TOML file. Transport and protocol must be those
/// of the server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// `tcp://host:port`, `unix:///path` or `abstract://name`.
    pub connect: String,
    /// The name of a transport: `framed` (the default), `buffered`, or one of
    /// [`transports`](Self::transports).
    pub transport: String,
    /// The name of one of the client's protocols. Default `binary`.
    pub protocol: String,
    /// The service to call on a multiplexed server. Default: none.
    pub service: Option<String>,
    /// Whether binary messages get a head with a version. Default `true`; `false` is for servers
    /// that know only the old head.
    pub strict_write: bool,
    /// What a reply may cost.
    pub limits: Limits,
    /// How long things may take.
    pub timeouts: ClientTimeouts,
    /// The transports to choose from. Default [`Transports::standard`].
    pub transports: Transports,
    pub(crate) origin: Origin,
}

/// How long a client waits, in milliseconds, from 1 to 86 400 000 (a day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientTimeouts {
    /// For a connection, whatever number of addresses the host has. Resolving its name is not
    /// counted. Default 10 000.
    pub connect_ms: u64,
    /// From the end of a call to the last byte of its reply. Default 30 000.
    pub read_ms: u64,
    /// For the server to take a call. Default 30 000.
    pub write_ms: u64,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect_ms: 10_000,
            read_ms: 30_000,
            write_ms: 30_000,
        }
    }
}

impl ClientConfig {
    /// The defaults, for a server at an address.
    pub fn new(connect: impl Into<String>) -> Self {
        Self {
            connect: connect.into(),
            ..Self::default()
        }
    }

    /// Reads the section `[client]` of a TOML file.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config), with file, line and key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        document::from_file(path.as_ref(), Self::parse)
    }

    /// The same for a text.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::parse(text, None)
    }

    fn parse(text: &str, file: Option<String>) -> Result<Self> {
        let (mut config, origin) = document::read(text, file, "client", Self::read)?;
        config.origin = origin;
        config.check()?;
        Ok(config)
    }

    fn read(section: &mut Section<'_>) -> Result<Self> {
        let mut config = Self::default();
        section.required("connect", EXAMPLE, &mut config.connect)?;
        section.string("transport", &mut config.transport)?;
        section.string("protocol", &mut config.protocol)?;
        let mut service = String::new();
        if section.string("service", &mut service)? {
            config.service = Some(service);
        }
        section.flag("strict_write", &mut config.strict_write)?;
        config.limits = limits(section.section("client.limits")?)?;
        config.timeouts = ClientTimeouts::read(section.section("client.timeouts")?)?;
        Ok(config)
    }

    /// Refuses what a builder can get wrong as well as a file.
    pub(crate) fn check(&self) -> Result<()> {
        let origin = &self.origin;
        check_limits(&self.limits, "client.limits", origin)?;
        let frame = self.limits.frame_bytes_max;
        if self.transport == "framed" && !(1..=WIRE_MAX).contains(&frame) {
            let text = format!("must be a number from 1 to {WIRE_MAX}, not {frame}");
            return Err(origin.error("client.limits.frame_bytes_max", text));
        }
        if let Some(service) = &self.service
            && (service.is_empty() || service.contains(':'))
        {
            let text = format!("`{service}` is no service's name: it is not empty and has no `:`");
            return Err(origin.error("client.service", text));
        }
        let ClientTimeouts {
            connect_ms,
            read_ms,
            write_ms,
        } = self.timeouts;
        origin.check_ms("client.timeouts.connect_ms", connect_ms)?;
        origin.check_ms("client.timeouts.read_ms", read_ms)?;
        origin.check_ms("client.timeouts.write_ms", write_ms)
    }

    /// The same with another [`transport`](Self::transport).
    #[must_use]
    pub fn transport(mut self, name: impl Into<String>) -> Self {
        self.transport = name.into();
        self
    }

    /// The same with another [`protocol`](Self::protocol).
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocol = name.into();
        self
    }

    /// The same for one [`service`](Self::service) of a multiplexed server.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The same with another [`strict_write`](Self::strict_write).
    #[must_use]
    pub fn strict_write(mut self, strict: bool) -> Self {
        self.strict_write = strict;
        self
    }

    /// The same with other [`limits`](Self::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with other [`timeouts`](Self::timeouts).
    #[must_use]
    pub fn timeouts(mut self, timeouts: ClientTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The same with other [`transports`](Self::transports) to choose from.
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect: "tcp://127.0.0.1:9090".to_owned(),
            transport: "framed".to_owned(),
            protocol: "binary".to_owned(),
            service: None,
            strict_write: true,
            limits: Limits::default(),
            timeouts: ClientTimeouts::default(),
            transports: Transports::standard(),
            origin: Origin::default(),
        }
    }
}

impl ClientTimeouts {
    fn read(mut section: Section<'_>) -> Result<Self> {
        let mut timeouts = Self::default();
        let range = || 1..=TIMEOUT_MS_MAX;
        section.number("connect_ms", range(), &mut timeouts.connect_ms)?;
        section.number("read_ms", range(), &mut timeouts.read_ms)?;
        section.number("write_ms", range(), &mut timeouts.write_ms)?;
        section.finish()?;
        Ok(timeouts)
    }

    /// The same with another [`connect_ms`](Self::connect_ms).
    #[must_use]
    pub fn connect_ms(mut self, ms: u64) -> Self {
        self.connect_ms = ms;
        self
    }

    /// The same with another [`read_ms`](Self::read_ms).
    #[must_use]
    pub fn read_ms(mut self, ms: u64) -> Self {
        self.read_ms = ms;
        self
    }

    /// The same with another [`write_ms`](Self::write_ms).
    #[must_use]
    pub fn write_ms(mut self, ms: u64) -> Self {
        self.write_ms = ms;
        self
    }
}
