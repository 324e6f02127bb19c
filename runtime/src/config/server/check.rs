//! What a server's configuration is refused for, whether a file or a program has made it.

use super::{CONNECTIONS_MAX, IN_FLIGHT_MAX, IO_THREADS_MAX, QUEUE_MAX, ServerConfig, WORKERS_MAX};
use crate::config::stack::{has, is_for};
#[cfg(feature = "tls")]
use crate::config::udp::NO_TLS;
use crate::config::udp::{NO_SASL, ONE_DATAGRAM, without_udp};
use crate::config::{
    Dispatch, Model, ReplyOrder, ServerHttp, ServerShm, ServerTimeouts, ServerUdp, ServerWebSocket,
    address, limits, tcp,
};
use crate::error::Result;
use crate::transport::Address;

impl ServerConfig {
    /// Refuses what a builder can get wrong as well as a file.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_values()?;
        self.check_model()
    }

    /// The same for a server that is no model.
    pub(crate) fn check_values(&self) -> Result<()> {
        let origin = &self.origin;
        let range = |key: &str, value: usize, max: usize| origin.check_number(key, 1, max, value);
        range("server.workers", self.workers.unwrap_or(1), WORKERS_MAX)?;
        range("server.queue", self.queue.unwrap_or(1), QUEUE_MAX)?;
        let io_threads = self.io_threads.unwrap_or(1);
        range("server.io_threads", io_threads, IO_THREADS_MAX)?;
        let max = self.connections_max;
        range("server.connections_max", max, CONNECTIONS_MAX)?;
        let key = "server.connections_per_address_max";
        let per_address = self.connections_per_address_max;
        range(key, per_address.unwrap_or(1), CONNECTIONS_MAX)?;
        if let Some(connections) = per_address
            && connections > max
        {
            let text =
                format!("{connections} is more than connections_max = {max}; write {max} or less");
            return Err(origin.error(key, text));
        }
        range("server.in_flight_max", self.in_flight_max, IN_FLIGHT_MAX)?;
        limits::check(&self.limits, &self.transport, "server.limits", origin)?;
        tcp::check(&self.tcp, "server.tcp", origin)?;
        self.udp.check(origin)?;
        self.shm.check(origin)?;
        self.timeouts.check(origin)?;
        if !has(&self.transport, "http") {
            origin.check_useful(
                "server.http",
                self.http != ServerHttp::default(),
                is_for("http"),
            )?;
        } else if self.reply_order == ReplyOrder::Any {
            let text = "`any` does not go with HTTP, where answers come in the order of requests; remove this key";
            return Err(origin.error("server.reply_order", text));
        }
        if !has(&self.transport, "websocket") {
            let changed = self.websocket != ServerWebSocket::default();
            origin.check_useful("server.websocket", changed, is_for("websocket"))?;
        }
        self.http.check(origin)?;
        self.websocket.check(origin)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.check(origin)?;
        }
        if has(&self.transport, "header") && self.protocol == "json" {
            let text = "the transport `header` takes the protocols `binary` and `compact`";
            return Err(origin.error("server.protocol", text));
        }
        if ["compact", "json"].contains(&&*self.protocol) {
            let text = format!(
                "this is for the protocol `binary`, and the protocol is `{}`; remove it",
                self.protocol
            );
            origin.check_useful("server.strict_read", self.strict_read, text)?;
        }
        Ok(())
    }

    fn check_model(&self) -> Result<()> {
        let origin = &self.origin;
        let nonblocking = self.model == Model::Nonblocking;
        self.check_workers()?;
        let dispatch = self.dispatch != Dispatch::default();
        let threads = [
            ("server.io_threads", self.io_threads.is_some()),
            ("server.dispatch", dispatch),
        ];
        for (key, changed) in threads.into_iter().filter(|_| !nonblocking) {
            let text = format!(
                "this is for the model `nonblocking`, and the model is `{}`; write `model = \"nonblocking\"`",
                self.model.name()
            );
            origin.check_useful(key, changed, text)?;
        }
        let workers = nonblocking && self.dispatch == Dispatch::Workers;
        if self.reply_order == ReplyOrder::Any && !workers {
            let remedy = if nonblocking {
                "`dispatch = \"workers\"`"
            } else {
                "`model = \"nonblocking\"`"
            };
            let text = format!(
                "`any` takes the model `nonblocking` with workers; others run the calls of a \
                 connection one after the other; write {remedy}, or remove this key"
            );
            return Err(origin.error("server.reply_order", text));
        }
        if self.model == Model::Simple {
            let text = "the model `simple` serves one connection at a time; remove it, or choose another model";
            let max = self.connections_max != Self::default().connections_max;
            origin.check_useful("server.connections_max", max, text)?;
            let per_address = self.connections_per_address_max.is_some();
            origin.check_useful("server.connections_per_address_max", per_address, text)?;
        }
        Ok(())
    }

    /// Refuses what is for workers where there are none.
    fn check_workers(&self) -> Result<()> {
        let model = self.model.name();
        let why = match (self.model, self.dispatch) {
            (Model::ThreadPool, _) | (Model::Nonblocking, Dispatch::Workers) => return Ok(()),
            (Model::Nonblocking, Dispatch::Inline) => {
                "with dispatch = \"inline\" there are no workers; remove it, or write `dispatch = \"workers\"`"
                    .to_owned()
            }
            _ => format!(
                "only the models `thread-pool` and `nonblocking` have workers, and the model is \
                 `{model}`; remove it, or write `model = \"thread-pool\"`"
            ),
        };
        for (key, changed) in [
            ("server.workers", self.workers.is_some()),
            ("server.queue", self.queue.is_some()),
        ] {
            self.origin.check_useful(key, changed, &why)?;
        }
        Ok(())
    }

    /// The address to listen at, and whether everything that is configured can mean something there.
    ///
    /// # Errors
    /// One sentence that names the key.
    pub(crate) fn address(&self) -> Result<Address> {
        let origin = &self.origin;
        let address = address::parse(&self.listen, "server.listen", &self.transport, origin)?;
        address::check(&address, "server.listen", origin)?;
        if let Address::Exec(_) = address {
            let text = format!(
                "`{address}` is for clients, who start their server; that one listens at `stdio://`"
            );
            return Err(origin.error("server.listen", text));
        }
        if !matches!(address, Address::Systemd(_)) {
            self.check_at(&address)?;
        }
        Ok(address)
    }

    /// Refuses what can mean nothing at an address, once it is known what that is.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn check_at(&self, address: &Address) -> Result<()> {
        let origin = &self.origin;
        if !matches!(address, Address::Shm(_)) {
            let text = "this is for an address that begins with `shm://`; remove it, or write `listen = \"shm:///run/calc.shm\"`, for example";
            let changed = self.shm != ServerShm::default();
            origin.check_useful("server.shm", changed, text)?;
        }
        if !matches!(address, Address::Tcp { .. }) {
            tcp::check_useful(&self.tcp, "server.tcp", address, origin)?;
        }
        if let Address::Udp { .. } = address {
            return self.check_datagrams();
        }
        let changed = self.udp != ServerUdp::default();
        origin.check_useful("server.udp", changed, without_udp("listen", address))?;
        if !matches!(address, Address::Tcp { .. }) {
            let text = match address {
                Address::Unix(_) | Address::Abstract(_) => {
                    "connections over a Unix socket have no IP address; remove it".to_owned()
                }
                _ => format!("connections at `{address}` have no IP address; remove it"),
            };
            let per_address = self.connections_per_address_max.is_some();
            origin.check_useful("server.connections_per_address_max", per_address, text)?;
        }
        #[cfg(feature = "tls")]
        let secured = self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let secured = false;
        if !secured && self.sasl.is_none() && !has(&self.transport, "websocket") {
            let text = "this is for TLS, which is off, and for the transport `websocket`; remove it, or write the section [server.tls]";
            let changed = self.timeouts.handshake_ms != ServerTimeouts::default().handshake_ms;
            origin.check_useful("server.timeouts.handshake_ms", changed, text)?;
        }
        Ok(())
    }

    /// Refuses what does not go with datagrams.
    fn check_datagrams(&self) -> Result<()> {
        let origin = &self.origin;
        if self.transport != "buffered" {
            return Err(origin.error("server.transport", ONE_DATAGRAM));
        }
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return Err(origin.error("server.tls", NO_TLS));
        }
        if self.sasl.is_some() {
            // It would let in everybody.
            return Err(origin.error("server.sasl", NO_SASL));
        }
        if let Model::Threaded | Model::Nonblocking = self.model {
            let text = format!(
                "the model `{}` is for connections, and UDP has none; write `model = \"thread-pool\"` or \
                 `model = \"simple\"`",
                self.model.name()
            );
            return Err(origin.error("server.model", text));
        }
        let (own, usual) = (&self.timeouts, ServerTimeouts::default());
        let defaults = Self::default();
        for (key, changed) in [
            (
                "connections_max",
                self.connections_max != defaults.connections_max,
            ),
            (
                "connections_per_address_max",
                self.connections_per_address_max.is_some(),
            ),
            (
                "in_flight_max",
                self.in_flight_max != defaults.in_flight_max,
            ),
            ("timeouts.idle_ms", own.idle_ms != usual.idle_ms),
            (
                "timeouts.handshake_ms",
                own.handshake_ms != usual.handshake_ms,
            ),
            ("timeouts.header_ms", own.header_ms != usual.header_ms),
            ("timeouts.read_ms", own.read_ms != usual.read_ms),
            ("timeouts.write_ms", own.write_ms != usual.write_ms),
            (
                "timeouts.bytes_per_second_min",
                own.bytes_per_second_min != usual.bytes_per_second_min,
            ),
        ] {
            let text = "this is for connections, and UDP has none; remove it";
            origin.check_useful(&format!("server.{key}"), changed, text)?;
        }
        Ok(())
    }
}
