//! Certificates and keys from PEM files.

use std::path::Path;

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, RootCertStore};

use crate::config::file;
use crate::config::origin::Origin;
use crate::error::{Error, Result, words};

/// A file of certificates or a key has no more bytes than so: all authorities of the web take 0.3 MB.
const BYTES_MAX: u64 = 16 << 20;

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
        let name = path.display();
        let text = if has_line(&bytes, b"PRIVATE KEY-----") {
            format!("{name} has a private key and no certificate; have the two files been swapped?")
        } else {
            format!(
                "{name} has no certificate in PEM form{}",
                in_der(&bytes, "x509")
            )
        };
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
    let name = path.display();
    let encrypted = || {
        let text = format!(
            "the private key in {name} is encrypted, and there is nobody to ask for the passphrase; \
             write it without, with `openssl pkey -in {name} -out plain.key`"
        );
        origin.error(key, text)
    };
    // The traditional form says so in its head, which is no part of PEM as rustls reads it.
    if has_line(&bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(encrypted());
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        PemError::NoItemsFound if has_line(&bytes, b"ENCRYPTED PRIVATE KEY-----") => encrypted(),
        PemError::NoItemsFound if has_line(&bytes, b"BEGIN CERTIFICATE-----") => {
            let text = format!(
                "{name} has a certificate and no private key; have the two files been swapped?"
            );
            origin.error(key, text)
        }
        PemError::NoItemsFound => {
            let text = format!(
                "{name} has no private key in PEM form{}",
                in_der(&bytes, "pkey")
            );
            origin.error(key, text)
        }
        error => damaged(path, "private key", &error, key, origin),
    })
}

/// The certificates of a file as authorities.
pub(super) fn authorities(path: &Path, key: &str, origin: &Origin) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, key, origin)? {
        roots.add(certificate).map_err(|error| {
            let name = path.display();
            let text = match &error {
                rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                    format!("{name} has no X.509 certificate")
                }
                error => format!("{name} has no usable certificate: {error}"),
            };
            origin.error(key, text).with_source(error)
        })?;
    }
    Ok(roots)
}

fn read(path: &Path, key: &str, origin: &Origin) -> Result<Vec<u8>> {
    file::read(path, BYTES_MAX).map_err(|error| {
        let text = format!("cannot read {}: {}", path.display(), words(&error));
        origin.error(key, text).with_source(error)
    })
}

/// Whether a line ends so.
fn has_line(bytes: &[u8], end: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.any(|line| line.trim_ascii_end().ends_with(end))
}

/// What to do with a file that is the content of a PEM file: a sequence of ASN.1.
fn in_der(bytes: &[u8], command: &str) -> String {
    match bytes {
        [0x30, ..] => {
            format!(
                ", but seems to be in DER form; `openssl {command} -inform der` makes PEM of it"
            )
        }
        _ => String::new(),
    }
}

#[cold]
fn damaged(path: &Path, what: &str, error: &PemError, key: &str, origin: &Origin) -> Error {
    let why = match error {
        PemError::MissingSectionEnd { .. } => "it has no END line".to_owned(),
        PemError::Base64Decode(_) => "it is not Base64".to_owned(),
        error => error.to_string(),
    };
    let text = format!("the {what} in {} is damaged: {why}", path.display());
    origin.error(key, text)
}

/// Refuses a certificate that cannot say what it is for: one of version 1 has no extensions, and so no
/// subject alternative name.
pub(super) fn check_version(
    chain: &[CertificateDer<'_>],
    path: &Path,
    key: &str,
    origin: &Origin,
) -> Result<()> {
    if !chain.first().is_some_and(|first| is_version_1(first)) {
        return Ok(());
    }
    let text = format!(
        "the first certificate in {} is of X.509's version 1, which names no hosts; make one of version \
         3, with `subjectAltName`",
        path.display()
    );
    Err(origin.error(key, text))
}

/// Whether the first thing in a certificate's inner sequence is not the field `version`, which is
/// left out for the first one (RFC 5280, 4.1).
fn is_version_1(der: &[u8]) -> bool {
    let inner = inside(der).and_then(inside);
    inner.is_some_and(|inner| inner.first() == Some(&0x02))
}

/// What is in a sequence at the beginning of some DER.
fn inside(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x30, length @ 0..=0x7f, rest @ ..] => rest.get(..usize::from(*length)),
        // So many bytes of length follow.
        [0x30, more, rest @ ..] => rest.get(usize::from(more & 0x7f)..),
        _ => None,
    }
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
        rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
            (keys[0], format!("{} has no X.509 certificate", files[0]))
        }
        rustls::Error::InvalidCertificate(why) => {
            (keys[0], format!("{} cannot be used: {why}", files[0]))
        }
        rustls::Error::General(why) => (keys[1], format!("{} cannot be used: {why}", files[1])),
        why => (keys[1], format!("{} cannot be used: {why}", files[1])),
    };
    origin.error(key, text).with_source(error)
}
