//! Certificates and keys from PEM files.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::origin::Origin;
use crate::error::{Error, Result};

/// All certificates of a file, at least one.
pub(super) fn certificates(
    path: &Path,
    key: &str,
    origin: &Origin,
) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = read(path, key, origin)?;
    let certificates = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let certificates =
        certificates.map_err(|error| damaged(path, "certificate", &error, key, origin))?;
    if certificates.is_empty() {
        let text = format!("{} has no certificate in PEM form", path.display());
        return Err(origin.error(key, text));
    }
    Ok(certificates)
}

/// The first private key of a file.
pub(super) fn private_key(
    path: &Path,
    key: &str,
    origin: &Origin,
) -> Result<PrivateKeyDer<'static>> {
    let bytes = read(path, key, origin)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let encrypted = |line: &[u8]| line.ends_with(b"ENCRYPTED PRIVATE KEY-----");
        let name = path.display();
        let text = match error {
            PemError::NoItemsFound if bytes.split(|byte| *byte == b'\n').any(encrypted) => {
                format!("the private key in {name} is encrypted, and there is nobody to ask for the passphrase")
            }
            PemError::NoItemsFound => format!("{name} has no private key in PEM form"),
            error => return damaged(path, "private key", &error, key, origin),
        };
        origin.error(key, text)
    })
}

/// The certificates of a file as authorities.
pub(super) fn authorities(path: &Path, key: &str, origin: &Origin) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, key, origin)? {
        roots.add(certificate).map_err(|error| {
            let text = format!("{} has no usable certificate: {error}", path.display());
            origin.error(key, text).with_source(error)
        })?;
    }
    Ok(roots)
}

fn read(path: &Path, key: &str, origin: &Origin) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let text = format!("cannot read {}: {error}", path.display());
        origin.error(key, text).with_source(error)
    })
}

#[cold]
fn damaged(path: &Path, what: &str, error: &PemError, key: &str, origin: &Origin) -> Error {
    let text = format!("the {what} in {} is damaged: {error}", path.display());
    origin.error(key, text)
}

/// What does not fit together in a chain of certificates and its key.
#[cold]
pub(super) fn mismatch(
    error: rustls::Error,
    [certificates, key]: [(&str, &Path); 2],
    origin: &Origin,
) -> Error {
    let (files, keys) = (
        [certificates.1.display(), key.1.display()],
        [certificates.0, key.0],
    );
    let (key, text) = match &error {
        rustls::Error::InconsistentKeys(_) => (
            keys[1],
            format!(
                "the key in {} does not belong to the first certificate in {}",
                files[1], files[0]
            ),
        ),
        rustls::Error::InvalidCertificate(why) => {
            (keys[0], format!("{} cannot be used: {why}", files[0]))
        }
        why => (keys[1], format!("{} cannot be used: {why}", files[1])),
    };
    origin.error(key, text).with_source(error)
}
