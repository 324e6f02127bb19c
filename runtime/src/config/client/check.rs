//! What a client's configuration is refused for, whether a file or a program has made it.

use super::{COMPACT_VERSIONS, ClientConfig};
use crate::config::naming::no_protocol;
use crate::config::stack::{has, is_for};
#[cfg(feature = "tls")]
use crate::config::udp::NO_TLS;
use crate::config::udp::{ONE_DATAGRAM, without_udp};
use crate::config::{
    ClientExec, ClientHttp, ClientUdp, ClientWebSocket, IN_FLIGHT_MAX, ReplyOrder, address, limits,
    request, tcp,
};
use crate::error::Result;
use crate::transport::Address;

impl ClientConfig {
    /// Refuses what a builder can get wrong as well as a file.
    pub(crate) fn check(&self) -> Result<()> {
        let origin = &self.origin;
        let (key, in_flight) = ("client.in_flight_max", self.in_flight_max);
        origin.check_number(key, 1, IN_FLIGHT_MAX, in_flight)?;
        if let Some(pool) = &self.pool {
            pool.check(origin)?;
            let text =
                "has no meaning with [client.pool]; write `calls_per_connection` there instead";
            let changed = in_flight != Self::default().in_flight_max;
            origin.check_useful(key, changed, text)?;
        }
        self.reconnect.check(origin)?;
        self.timeouts.check(origin)?;
        if let Some(retry) = &self.retry {
            retry.check(self.timeouts.call_ms, origin)?;
        }
        limits::check(&self.limits, &self.transport, "client.limits", origin)?;
        tcp::check(&self.tcp, "client.tcp", origin)?;
        self.udp.check(origin)?;
        self.exec.check(origin)?;
        self.check_service()?;
        if !has(&self.transport, "http") {
            origin.check_useful(
                "client.http",
                self.http != ClientHttp::default(),
                is_for("http"),
            )?;
        }
        if !has(&self.transport, "websocket") {
            let changed = self.websocket != ClientWebSocket::default();
            origin.check_useful("client.websocket", changed, is_for("websocket"))?;
        }
        self.check_requests()?;
        self.http.check(origin)?;
        self.websocket.check(origin)?;
        if let Some(sasl) = &self.sasl {
            sasl.check(origin)?;
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.check(origin)?;
        }
        if has(&self.transport, "header") && self.protocol == "json" {
            let text = "the transport `header` takes the protocols `binary` and `compact`";
            return Err(origin.error("client.protocol", text));
        }
        if ["compact", "json"].contains(&&*self.protocol) {
            let text = format!(
                "this is for the protocol `binary`, and the protocol is `{}`; remove it",
                self.protocol
            );
            origin.check_useful("client.strict_write", !self.strict_write, text)?;
        }
        let (key, version) = ("client.compact_version", self.compact_version);
        let (low, high) = (*COMPACT_VERSIONS.start(), *COMPACT_VERSIONS.end());
        origin.check_number(key, low, high, version)?;
        if ["binary", "json"].contains(&&*self.protocol) {
            let text = format!(
                "this is for the protocol `compact`, and the protocol is `{}`; remove it",
                self.protocol
            );
            origin.check_useful(key, version != 1, text)?;
        }
        Ok(())
    }

    fn check_requests(&self) -> Result<()> {
        let (http, socket) = (&self.http, &self.websocket);
        let of = (&*http.path, http.host.as_deref());
        request::check("client.http", of, &http.fields, &self.origin)?;
        let of = (&*socket.path, socket.host.as_deref());
        request::check("client.websocket", of, &socket.fields, &self.origin)
    }

    fn check_service(&self) -> Result<()> {
        match &self.service {
            Some(service) if service.is_empty() || service.contains(':') => {
                let text =
                    format!("`{service}` is no service's name: it is not empty and has no `:`");
                Err(self.origin.error("client.service", text))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a name that is none of those that there are.
    #[cold]
    pub(crate) fn no_such(&self, key: &str, name: &str, valid: &[&str]) -> crate::Error {
        if name == "auto" {
            let names = crate::config::origin::choices("", valid);
            let text = format!(
                "`auto` is for servers, which look at what comes first; a client has to say which; there are {names}"
            );
            return self.origin.error(key, text);
        }
        self.origin.no_such(key, name, valid)
    }

    /// Refuses the name of a protocol.
    #[cold]
    pub(crate) fn no_protocol(&self, name: &str, valid: &[&str]) -> crate::Error {
        let key = "client.protocol";
        if name == "auto" {
            return self.no_such(key, name, valid);
        }
        no_protocol((key, name), valid, &self.transports, &self.origin)
    }

    /// The address to connect to, and whether everything that is configured can mean something there.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn address(&self) -> Result<Address> {
        let (origin, key) = (&self.origin, "client.connect");
        let address = address::parse(&self.connect, key, &self.transport, origin)?;
        if !matches!(address, Address::Exec(_)) {
            let text = "this is for an address that begins with `exec://`; remove it, or write `connect = \"exec:///path/to/program\"`";
            let changed = self.exec != ClientExec::default();
            origin.check_useful("client.exec", changed, text)?;
        }
        match &address {
            Address::Stdio => {
                let text =
                    "`stdio://` is for servers; write `exec:///path/to/program`, which starts one";
                return Err(origin.error(key, text));
            }
            Address::Tcp { port: 0, .. } | Address::Udp { port: 0, .. } => {
                let text = format!(
                    "`{address}` has port 0, where nobody can listen; write that of the server"
                );
                return Err(origin.error(key, text));
            }
            Address::Systemd(_) => {
                let text = format!("`{address}` is for servers; write where the server listens");
                return Err(origin.error(key, text));
            }
            Address::Tcp { .. } => {}
            _ => tcp::check_useful(&self.tcp, "client.tcp", &address, origin)?,
        }
        address::check(&address, key, origin)?;
        if let Address::Udp { .. } = address {
            self.check_datagrams()?;
        } else {
            let changed = self.udp != ClientUdp::default();
            origin.check_useful("client.udp", changed, without_udp("connect", &address))?;
        }
        Ok(address)
    }

    /// Refuses what does not go with datagrams.
    fn check_datagrams(&self) -> Result<()> {
        let origin = &self.origin;
        if self.transport != "buffered" {
            return Err(origin.error("client.transport", ONE_DATAGRAM));
        }
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return Err(origin.error("client.tls", NO_TLS));
        }
        if self.reply_order == ReplyOrder::Sent {
            let text =
                "datagrams come in any order, so replies need their sequence ids; remove this key";
            return Err(origin.error("client.reply_order", text));
        }
        Ok(())
    }
}
