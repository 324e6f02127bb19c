//! TLS of a client.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::{ConfigBuilder, RootCertStore};

use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::config::tls::danger::AnyCertificate;
use crate::config::tls::{VERSIONS, file, pem, provider, resolve, versions};
use crate::error::Result;
use crate::peer::TlsVersion;
use crate::transport::TlsClientSide;

const CA: &str = "client.tls.ca";
const CERTIFICATE: &str = "client.tls.certificate";
const KEY: &str = "client.tls.key";
const SERVER_NAME: &str = "client.tls.server_name";

/// Which servers a client trusts, and which certificate it shows.
///
/// By builder, or from the section `[client.tls]` of a TOML file, where relative names of files count
/// from the folder of that file. Files are PEM, and read when the client is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientTls {
    /// The file with the authorities that sign certificates of servers. Default: those that the
    /// system trusts.
    pub ca: Option<PathBuf>,
    /// The file with the certificate that this client shows, followed by those of the authorities
    /// between it and the one that the server trusts. Default: none.
    pub certificate: Option<PathBuf>,
    /// The file with the private key of that certificate, not encrypted.
    pub key: Option<PathBuf>,
    /// The name that the server's certificate has to be for: a DNS name or an IP address. By default
    /// the host in [`connect`](crate::ClientConfig::connect).
    pub server_name: Option<String>,
    /// The lowest version that is spoken. Default [`TlsVersion::V1_2`].
    pub version_min: TlsVersion,
    /// Accepts whoever answers, whatever certificate it shows: anybody in between can read and change
    /// everything. Each client that is made so says it in the log. Default `false`.
    pub danger_accept_any_certificate: bool,
    /// What a program has put together itself, in place of everything else here but
    /// [`server_name`](Self::server_name).
    pub ready: Option<Arc<rustls::ClientConfig>>,
}

impl ClientTls {
    /// Trusts what the system trusts, and shows no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// With what a program has put together itself.
    pub fn ready(config: Arc<rustls::ClientConfig>) -> Self {
        Self {
            ready: Some(config),
            ..Self::default()
        }
    }

    pub(in crate::config) fn read(mut section: Section<'_>) -> Result<Option<Self>> {
        if !section.is_present() {
            return Ok(None);
        }
        let mut tls = Self {
            ca: file(&mut section, "ca")?,
            certificate: file(&mut section, "certificate")?,
            key: file(&mut section, "key")?,
            ..Self::default()
        };
        let mut name = String::new();
        if section.string("server_name", &mut name)? {
            tls.server_name = Some(name);
        }
        section.choice("version_min", &VERSIONS, &mut tls.version_min, &[])?;
        let danger = &mut tls.danger_accept_any_certificate;
        section.flag("danger_accept_any_certificate", danger)?;
        section.finish()?;
        Ok(Some(tls))
    }

    pub(in crate::config) fn resolve(&mut self, origin: &Origin) {
        let Some(folder) = origin.folder() else {
            return;
        };
        let files = [&mut self.ca, &mut self.certificate, &mut self.key];
        for path in files.into_iter().flatten() {
            resolve(path, folder);
        }
    }

    pub(in crate::config) fn check(&self, origin: &Origin) -> Result<()> {
        let files = [
            (CA, &self.ca),
            (CERTIFICATE, &self.certificate),
            (KEY, &self.key),
        ];
        for (key, path) in files {
            let Some(path) = path else { continue };
            if self.ready.is_some() {
                let text =
                    "there is a ready configuration, which has certificates of its own; remove it";
                return Err(origin.error(key, text));
            }
            if path.as_os_str().is_empty() {
                return Err(origin.error(key, "is empty, and has to name a file"));
            }
        }
        if self.ready.is_some() {
            let text = "there is a ready configuration, which has versions of its own; remove it";
            let changed = self.version_min != TlsVersion::default();
            origin.check_useful("client.tls.version_min", changed, text)?;
        }
        let danger = self.danger_accept_any_certificate;
        if danger && (self.ca.is_some() || self.ready.is_some()) {
            let (key, text) = (
                CA,
                "means nothing while danger_accept_any_certificate = true; remove one of the two",
            );
            return Err(origin.error(key, text));
        }
        match (&self.certificate, &self.key) {
            (Some(_), None) => Err(origin.error(
                CERTIFICATE,
                "needs its private key; write `key = \"client.key\"`, for example",
            )),
            (None, Some(_)) => Err(origin.error(
                KEY,
                "needs its certificate; write `certificate = \"client.pem\"`, for example",
            )),
            _ => Ok(()),
        }
    }

    /// Reads the files. `host` is whom the client connects to, where that has a name.
    pub(in crate::config) fn side(
        &self,
        host: Option<&str>,
        origin: &Origin,
    ) -> Result<TlsClientSide> {
        let config = match &self.ready {
            Some(ready) => Arc::clone(ready),
            None => Arc::new(self.load(origin)?),
        };
        let (key, name) = match (&self.server_name, host) {
            (Some(name), _) => (SERVER_NAME, &**name),
            (None, Some(host)) => ("client.connect", host),
            (None, None) => {
                let text = "is missing, and the address has no host that the certificate could be for; \
                            write `server_name = \"localhost\"`, for example";
                return Err(origin.error(SERVER_NAME, text));
            }
        };
        #[cfg(feature = "tracing")]
        if self.danger_accept_any_certificate {
            tracing::warn!(
                server = name,
                "danger_accept_any_certificate: nobody verifies whom this client talks to"
            );
        }
        TlsClientSide::new(config, name).map_err(|error| origin.blame(key, error))
    }

    fn load(&self, origin: &Origin) -> Result<rustls::ClientConfig> {
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(self.version_min));
        let builder = builder.map_err(|error| origin.error("client.tls", error))?;
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(self.verifier(origin)?);
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => own(builder, [certificate, key], origin),
            _ => Ok(builder.with_no_client_auth()),
        }
    }

    fn verifier(&self, origin: &Origin) -> Result<Arc<dyn ServerCertVerifier>> {
        if self.danger_accept_any_certificate {
            return Ok(Arc::new(AnyCertificate(provider())));
        }
        let roots = match &self.ca {
            Some(path) => pem::authorities(path, CA, origin)?,
            None => system(origin)?,
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        Ok(verifier.build().map_err(|error| origin.error(CA, error))?)
    }

    /// The same with another [`ca`](Self::ca).
    #[must_use]
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// The same with a [`certificate`](Self::certificate) and its [`key`](Self::key).
    #[must_use]
    pub fn certificate(mut self, path: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        (self.certificate, self.key) = (Some(path.into()), Some(key.into()));
        self
    }

    /// The same with another [`server_name`](Self::server_name).
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// The same with another [`version_min`](Self::version_min).
    #[must_use]
    pub fn version_min(mut self, version: TlsVersion) -> Self {
        self.version_min = version;
        self
    }

    /// The same with another
    /// [`danger_accept_any_certificate`](Self::danger_accept_any_certificate).
    #[must_use]
    pub fn danger_accept_any_certificate(mut self, accept: bool) -> Self {
        self.danger_accept_any_certificate = accept;
        self
    }
}

/// With the client's own certificate.
fn own(
    builder: ConfigBuilder<rustls::ClientConfig, WantsClientCert>,
    [certificate, key]: [&Path; 2],
    origin: &Origin,
) -> Result<rustls::ClientConfig> {
    let chain = pem::certificates(certificate, CERTIFICATE, origin)?;
    pem::check_version(&chain, certificate, CERTIFICATE, origin)?;
    let private = pem::private_key(key, KEY, origin)?;
    builder
        .with_client_auth_cert(chain, private)
        .map_err(|error| pem::mismatch(error, [(CERTIFICATE, certificate), (KEY, key)], origin))
}

/// The authorities that the system trusts. Single ones that cannot be read are left out.
fn system(origin: &Origin) -> Result<RootCertStore> {
    let mut found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.pop().map(|error| format!(": {error}"));
        let text = format!(
            "is missing, and the system trusts no authority{}",
            why.unwrap_or_default()
        );
        return Err(origin.error(CA, text));
    }
    Ok(roots)
}
