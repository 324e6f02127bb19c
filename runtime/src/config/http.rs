//! The sections `[server.http]` and `[client.http]`.

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::config::request::{check_origins, check_own_fields, check_server_path};
use crate::error::Result;

/// What the client says of its requests.
const OWN_FIELDS: [&str; 4] = ["host", "content-type", "content-length", "accept"];

/// How a server takes HTTP requests, with the transport `http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHttp {
    /// Requests for other paths are refused with status 404; what follows a `?` in them does not count, and cannot
    /// stand here. Default: all paths are taken.
    pub path: Option<String>,
    /// The pages whose scripts may call, as `https://app.example.org`, or `*` for all. Others are
    /// refused with status 403. Default: none. Programs that are no browser name no page, and are taken.
    pub origins: Vec<String>,
}

/// How a client makes HTTP requests, with the transport `http`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientHttp {
    /// What requests are for. Default `/`.
    pub path: String,
    /// What requests say the host is. Default: that of the address, with its port.
    pub host: Option<String>,
    /// More fields for the heads of requests, with their values. Default none.
    pub fields: Vec<(String, String)>,
}

impl Default for ClientHttp {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            host: None,
            fields: Vec::new(),
        }
    }
}

impl ServerHttp {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut http = Self::default();
        section.optional_string("path", &mut http.path)?;
        section.list("origins", &mut http.origins)?;
        section.finish()?;
        Ok(http)
    }

    /// Refuses what nothing could ever be equal to.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        check_server_path(self.path.as_deref(), "server.http", origin)?;
        check_origins(&self.origins, "server.http", origin)
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
}

impl ClientHttp {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut http = Self::default();
        section.string("path", &mut http.path)?;
        section.optional_string("host", &mut http.host)?;
        section.strings("fields", &mut http.fields)?;
        section.finish()?;
        Ok(http)
    }

    /// Refuses what would make no sense on the wire.
    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        check_own_fields(&self.fields, &OWN_FIELDS, "client.http", origin)
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
}
