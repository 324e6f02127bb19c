//! The sections `[server.websocket]` and `[client.websocket]`.

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::config::request::{check_origins, check_own_fields, check_server_path};
use crate::error::Result;
use crate::transport::is_token;

/// What the client says of its request.
const OWN_FIELDS: [&str; 6] = [
    "host",
    "upgrade",
    "connection",
    "sec-websocket-version",
    "sec-websocket-key",
    "user-agent",
];

/// Which `WebSocket` connections a server takes, with the transport `websocket`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerWebSocket {
    /// Requests for other paths are refused with status 404; what follows a `?` in them does not count, and cannot
    /// stand here. Default: all paths are taken.
    pub path: Option<String>,
    /// The pages whose scripts may call, as `https://app.example.org`, or `*` for all. Others are
    /// refused with status 403. Default: none. Programs that are no browser name no page, and are taken.
    pub origins: Vec<String>,
    /// The subprotocol that is chosen where a client offers it. Default: none.
    pub subprotocol: Option<String>,
}

/// How a client asks for a `WebSocket` connection, with the transport `websocket`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientWebSocket {
    /// What is asked for. Default `/`.
    pub path: String,
    /// What the request says the host is. Default: that of the address, with its port.
    pub host: Option<String>,
    /// More fields for the head of the request, with their values. Default none.
    pub fields: Vec<(String, String)>,
    /// The subprotocol that is offered, and that the server then has to take. Default: none.
    pub subprotocol: Option<String>,
}

impl Default for ClientWebSocket {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            host: None,
            fields: Vec::new(),
            subprotocol: None,
        }
    }
}

impl ServerWebSocket {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut socket = Self::default();
        section.optional_string("path", &mut socket.path)?;
        section.list("origins", &mut socket.origins)?;
        section.optional_string("subprotocol", &mut socket.subprotocol)?;
        section.finish()?;
        Ok(socket)
    }

    /// Refuses what nothing could ever be equal to.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        let section = "server.websocket";
        check_server_path(self.path.as_deref(), section, origin)?;
        check_origins(&self.origins, section, origin)?;
        let key = "server.websocket.subprotocol";
        check_subprotocol(self.subprotocol.as_deref(), key, origin)
    }

    /// The same with another [`path`](Self::path).
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same with one more of the [`origins`](Self::origins).
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// The same with a [`subprotocol`](Self::subprotocol).
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocol = Some(name.into());
        self
    }
}

impl ClientWebSocket {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut socket = Self::default();
        section.string("path", &mut socket.path)?;
        section.optional_string("host", &mut socket.host)?;
        section.strings("fields", &mut socket.fields)?;
        section.optional_string("subprotocol", &mut socket.subprotocol)?;
        section.finish()?;
        Ok(socket)
    }

    /// Refuses what would make no sense on the wire.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        let key = "client.websocket.subprotocol";
        check_subprotocol(self.subprotocol.as_deref(), key, origin)?;
        check_own_fields(&self.fields, &OWN_FIELDS, "client.websocket", origin)
    }

    /// The same with another [`path`](Self::path).
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same with another [`host`](Self::host).
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The same with one more of the [`fields`](Self::fields).
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// The same with a [`subprotocol`](Self::subprotocol).
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocol = Some(name.into());
        self
    }
}

/// A subprotocol's name is one word.
fn check_subprotocol(name: Option<&str>, key: &str, origin: &Origin) -> Result<()> {
    match name {
        Some(name) if !is_token(name) => {
            let text = format!(
                "`{}` is no subprotocol's name: it is one word",
                name.escape_debug()
            );
            Err(origin.error(key, text))
        }
        _ => Ok(()),
    }
}
