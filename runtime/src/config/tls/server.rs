//! TLS of a server.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::config::tls::{VERSIONS, file, pem, provider, resolve, versions};
use crate::error::Result;
use crate::peer::TlsVersion;

const CERTIFICATES: &str = "server.tls.certificates";
const KEY: &str = "server.tls.key";
const CLIENT_CA: &str = "server.tls.client_ca";
const CLIENT_CERTIFICATES: &str = "server.tls.client_certificates";

/// Which certificates a server shows, and which it wants to see.
///
/// By builder, or from the section `[server.tls]` of a TOML file, where relative names of files count
/// from the folder of that file. Files are PEM, and read when the server is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerTls {
    /// The file with the server's certificate, followed by those of the authorities between it and
    /// the one that clients trust.
    pub certificates: PathBuf,
    /// The file with the private key of the first certificate, not encrypted.
    pub key: PathBuf,
    /// The file with the authorities that sign certificates of clients. Default: none.
    pub client_ca: Option<PathBuf>,
    /// Whether clients have to show a certificate. By default they have to if there is a
    /// [`client_ca`](Self::client_ca).
    pub client_certificates: Option<ClientCertificates>,
    /// The lowest version that is spoken. Default [`TlsVersion::V1_2`].
    pub version_min: TlsVersion,
    /// What a program has put together itself, in place of everything else here.
    pub ready: Option<Arc<rustls::ServerConfig>>,
}

/// Whether a server wants to see the certificates of its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// It does not ask for them.
    #[default]
    None,
    /// Clients without one are served. One that is shown is verified.
    Optional,
    /// Clients without one are refused.
    Required,
}

impl ClientCertificates {
    const NAMED: [(&'static str, Self); 3] = [
        ("none", Self::None),
        ("optional", Self::Optional),
        ("required", Self::Required),
    ];
}

impl ServerTls {
    /// With the certificates in one file and the key in another, or in the same.
    pub fn new(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificates: certificates.into(),
            key: key.into(),
            ..Self::default()
        }
    }

    /// With what a program has put together itself.
    pub fn ready(config: Arc<rustls::ServerConfig>) -> Self {
        Self {
            ready: Some(config),
            ..Self::default()
        }
    }

    pub(in crate::config) fn read(mut section: Section<'_>) -> Result<Option<Self>> {
        if !section.is_present() {
            return Ok(None);
        }
        let mut tls = Self::default();
        let (mut certificates, mut key) = (String::new(), String::new());
        section.required("certificates", "server.pem", &mut certificates)?;
        section.required("key", "server.key", &mut key)?;
        (tls.certificates, tls.key) = (certificates.into(), key.into());
        tls.client_ca = file(&mut section, "client_ca")?;
        let valid = ClientCertificates::NAMED.map(|(name, value)| (name, Some(value)));
        section.choice(
            "client_certificates",
            &valid,
            &mut tls.client_certificates,
            &[],
        )?;
        section.choice("version_min", &VERSIONS, &mut tls.version_min, &[])?;
        section.finish()?;
        Ok(Some(tls))
    }

    pub(in crate::config) fn resolve(&mut self, origin: &Origin) {
        let Some(folder) = origin.folder() else {
            return;
        };
        let files = [&mut self.certificates, &mut self.key];
        for path in files.into_iter().chain(&mut self.client_ca) {
            resolve(path, folder);
        }
    }

    pub(in crate::config) fn check(&self, origin: &Origin) -> Result<()> {
        if self.ready.is_some() {
            let files = !self.certificates.as_os_str().is_empty() || self.client_ca.is_some();
            if files || self.client_certificates.is_some() {
                let text =
                    "there is a ready configuration, which has certificates of its own; remove it";
                return Err(origin.error(CERTIFICATES, text));
            }
            let text = "there is a ready configuration, which has versions of its own; remove it";
            let changed = self.version_min != TlsVersion::default();
            return origin.check_useful("server.tls.version_min", changed, text);
        }
        for (key, path) in [(CERTIFICATES, &self.certificates), (KEY, &self.key)] {
            if path.as_os_str().is_empty() {
                return Err(origin.error(key, "is empty, and has to name a file"));
            }
        }
        match (&self.client_ca, self.client_certificates) {
            (None, Some(ClientCertificates::Optional | ClientCertificates::Required)) => {
                let text = "certificates of clients need an authority that signs them; write `client_ca = \"ca.pem\"`, for example";
                Err(origin.error(CLIENT_CERTIFICATES, text))
            }
            (Some(_), Some(ClientCertificates::None)) => {
                let text = "this is for certificates of clients, and client_certificates = \"none\"; remove one of the two";
                Err(origin.error(CLIENT_CA, text))
            }
            _ => Ok(()),
        }
    }

    /// Reads the files.
    pub(in crate::config) fn load(&self, origin: &Origin) -> Result<Arc<rustls::ServerConfig>> {
        if let Some(ready) = &self.ready {
            return Ok(Arc::clone(ready));
        }
        let certificates = pem::certificates(&self.certificates, CERTIFICATES, origin)?;
        pem::check_version(&certificates, &self.certificates, CERTIFICATES, origin)?;
        let key = pem::private_key(&self.key, KEY, origin)?;
        let builder = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(self.version_min));
        let builder = builder.map_err(|error| origin.error("server.tls", error))?;
        let builder = match self.verifier(origin)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(certificates, key);
        let config = config.map_err(|error| {
            let files = [(CERTIFICATES, &*self.certificates), (KEY, &*self.key)];
            pem::mismatch(error, files, origin)
        })?;
        Ok(Arc::new(config))
    }

    fn verifier(&self, origin: &Origin) -> Result<Option<Arc<dyn ClientCertVerifier>>> {
        let Some(path) = &self.client_ca else {
            return Ok(None);
        };
        let roots = Arc::new(pem::authorities(path, CLIENT_CA, origin)?);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let builder = match self.client_certificates {
            Some(ClientCertificates::Optional) => builder.allow_unauthenticated(),
            _ => builder,
        };
        let verifier = builder.build();
        Ok(Some(
            verifier.map_err(|error| origin.error(CLIENT_CA, error))?,
        ))
    }

    /// The same with [`client_ca`](Self::client_ca).
    #[must_use]
    pub fn client_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_ca = Some(path.into());
        self
    }

    /// The same with [`client_certificates`](Self::client_certificates).
    #[must_use]
    pub fn client_certificates(mut self, wanted: ClientCertificates) -> Self {
        self.client_certificates = Some(wanted);
        self
    }

    /// The same with another [`version_min`](Self::version_min).
    #[must_use]
    pub fn version_min(mut self, version: TlsVersion) -> Self {
        self.version_min = version;
        self
    }
}
