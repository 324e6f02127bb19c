//! The sections `[server.http]` and `[client.http]`.

use crate::config::document::Section;
use crate::error::Result;

/// How a server takes HTTP requests, with the transport `http`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHttp {
    /// Requests for other paths are refused with status 404. Default: all paths are taken.
    pub path: Option<String>,
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
        section.finish()?;
        Ok(http)
    }

    /// The same with another [`path`](Self::path).
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
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
