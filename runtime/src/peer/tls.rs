//! Who is at the other end of a connection, by TLS.

use std::fmt;
use std::sync::OnceLock;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// A version of TLS. There are no older ones here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        })
    }
}

/// What TLS says of the other end of a connection.
///
/// On a server, its certificates were verified against the authorities for clients before the
/// first call is handled: [`certificates`](Self::certificates) is empty for a client that has
/// shown none, and never holds one that was not accepted. Names are parsed when they are first
/// asked for, and only once.
#[derive(Clone, Debug)]
pub struct TlsPeer {
    version: TlsVersion,
    server_name: Option<String>,
    certificates: Vec<Vec<u8>>,
    names: OnceLock<Names>,
}

/// What the first certificate calls its owner.
#[derive(Clone, Debug, Default)]
struct Names {
    common_name: Option<String>,
    dns: Vec<String>,
    uris: Vec<String>,
}

impl TlsPeer {
    pub(crate) fn new(
        version: TlsVersion,
        server_name: Option<String>,
        certificates: Vec<Vec<u8>>,
    ) -> Self {
        Self {
            version,
            server_name,
            certificates,
            names: OnceLock::new(),
        }
    }

    /// The version that both ends agreed on.
    pub fn version(&self) -> TlsVersion {
        self.version
    }

    /// The name by which the client has asked for this server (SNI). Anybody can ask for any.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The certificates that the peer has shown, as DER: its own first, then those of the
    /// authorities between it and one that is trusted here.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The common name of the certificate's subject, if there is one.
    pub fn common_name(&self) -> Option<&str> {
        self.names().common_name.as_deref()
    }

    /// The DNS names among the subject's alternative names.
    pub fn dns_names(&self) -> &[String] {
        &self.names().dns
    }

    /// The URIs among the subject's alternative names, such as `spiffe://…`.
    pub fn uris(&self) -> &[String] {
        &self.names().uris
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| {
            let own = self.certificates.first();
            own.map(|der| Names::read(der)).unwrap_or_default()
        })
    }
}

impl Names {
    fn read(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return Self::default();
        };
        let mut common_names = certificate.subject().iter_common_name();
        let common_name = common_names.next().and_then(|name| name.as_str().ok());
        let mut names = Self {
            common_name: common_name.map(str::to_owned),
            ..Self::default()
        };
        if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
            for name in &alternative.value.general_names {
                match name {
                    GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                    GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                    _ => {}
                }
            }
        }
        names
    }
}
