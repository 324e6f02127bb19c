//! The sections `[server.udp]` and `[client.udp]`.

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::{Address, DATAGRAM_BYTES_MAX};

/// What is said of another transport than `buffered`.
pub(super) const ONE_DATAGRAM: &str = "over UDP a message is one datagram, with nothing around it; \
                                       write `transport = \"buffered\"`";

/// The transport of an address where nothing else says which.
pub(super) fn usual_transport(address: &str) -> &'static str {
    if address.starts_with("udp://") {
        "buffered"
    } else {
        "framed"
    }
}

/// What is said of TLS.
#[cfg(feature = "tls")]
pub(super) const NO_TLS: &str = "TLS takes connections, and UDP has none; remove this section";

/// What a server is told that is to ask who calls.
pub(super) const NO_SASL: &str =
    "SASL takes connections, and UDP has none, so everybody could call; remove it";

/// What is said of the sections elsewhere; `key` is the one of the address.
pub(super) fn without_udp(key: &str, address: &Address) -> String {
    let meant = match address {
        Address::Tcp { host, port } => Address::Udp {
            host: host.clone(),
            port: *port,
        }
        .to_string(),
        _ => "udp://host:port".to_owned(),
    };
    format!(
        "this is for UDP, and the address is `{address}`; remove it, or write `{key} = \"{meant}\"`"
    )
}

const BUFFER_MAX: usize = 1 << 30;

/// How a server takes datagrams, at an address as `udp://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerUdp {
    /// Bytes of a datagram, in both directions, 1 to 65 507, which is what fits into one over IPv4. Longer
    /// ones are refused. Default 65 507.
    pub datagram_bytes_max: usize,
    /// How many times as many bytes as its call an answer may have, 1 to 65 507; 28 bytes of heads of IP
    /// and UDP count with both. Larger answers are replaced by an application exception, and if that is
    /// too large as well, nothing is sent. Default 3, as QUIC has it (RFC 9000, section 8.1): the address
    /// that a call has come from can be forged, and whoever lives there gets the answer.
    pub answer_factor_max: usize,
    /// How many bytes the system keeps that have arrived, 1 to 1 073 741 824; it may have a bound of its
    /// own. Default: what it chooses.
    pub receive_buffer_bytes: Option<usize>,
}

/// How a client sends datagrams, to an address as `udp://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientUdp {
    /// Bytes of a datagram, 1 to 65 507. Longer messages are refused before they are sent. Default
    /// 65 000, as with the clients of Jaeger.
    pub datagram_bytes_max: usize,
}

impl Default for ServerUdp {
    fn default() -> Self {
        Self {
            datagram_bytes_max: DATAGRAM_BYTES_MAX,
            answer_factor_max: 3,
            receive_buffer_bytes: None,
        }
    }
}

impl Default for ClientUdp {
    fn default() -> Self {
        Self {
            datagram_bytes_max: 65_000,
        }
    }
}

impl ServerUdp {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut udp = Self::default();
        let sizes = || 1..=DATAGRAM_BYTES_MAX;
        section.number("datagram_bytes_max", sizes(), &mut udp.datagram_bytes_max)?;
        section.number("answer_factor_max", sizes(), &mut udp.answer_factor_max)?;
        section.optional(
            "receive_buffer_bytes",
            1..=BUFFER_MAX,
            &mut udp.receive_buffer_bytes,
        )?;
        section.finish()?;
        Ok(udp)
    }

    /// Refuses what a program has set and a file could not.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        for (key, max, value) in [
            (
                "datagram_bytes_max",
                DATAGRAM_BYTES_MAX,
                self.datagram_bytes_max,
            ),
            (
                "answer_factor_max",
                DATAGRAM_BYTES_MAX,
                self.answer_factor_max,
            ),
            (
                "receive_buffer_bytes",
                BUFFER_MAX,
                self.receive_buffer_bytes.unwrap_or(1),
            ),
        ] {
            origin.check_number(&format!("server.udp.{key}"), 1, max, value)?;
        }
        Ok(())
    }

    /// The same with another [`datagram_bytes_max`](Self::datagram_bytes_max).
    #[must_use]
    pub fn datagram_bytes_max(mut self, bytes: usize) -> Self {
        self.datagram_bytes_max = bytes;
        self
    }

    /// The same with another [`answer_factor_max`](Self::answer_factor_max).
    #[must_use]
    pub fn answer_factor_max(mut self, factor: usize) -> Self {
        self.answer_factor_max = factor;
        self
    }

    /// The same with another [`receive_buffer_bytes`](Self::receive_buffer_bytes).
    #[must_use]
    pub fn receive_buffer_bytes(mut self, bytes: usize) -> Self {
        self.receive_buffer_bytes = Some(bytes);
        self
    }
}

impl ClientUdp {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut udp = Self::default();
        section.number(
            "datagram_bytes_max",
            1..=DATAGRAM_BYTES_MAX,
            &mut udp.datagram_bytes_max,
        )?;
        section.finish()?;
        Ok(udp)
    }

    /// The same as a server's.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        let key = "client.udp.datagram_bytes_max";
        origin.check_number(key, 1, DATAGRAM_BYTES_MAX, self.datagram_bytes_max)
    }

    /// The same with another [`datagram_bytes_max`](Self::datagram_bytes_max).
    #[must_use]
    pub fn datagram_bytes_max(mut self, bytes: usize) -> Self {
        self.datagram_bytes_max = bytes;
        self
    }
}
