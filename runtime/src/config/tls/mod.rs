//! What TLS is configured with, `[server.tls]` and `[client.tls]`, and what `rustls` makes of it.

mod client;
mod danger;
mod pem;
mod server;

pub use client::ClientTls;
pub use server::{ClientCertificates, ServerTls};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};

use crate::config::document::Section;
use crate::error::Result;
use crate::peer::TlsVersion;

const VERSIONS: [(&str, TlsVersion); 2] = [("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)];

/// Never the process's default one: a library neither sets that nor depends on who does.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static ALL: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    match min {
        TlsVersion::V1_2 => &ALL,
        TlsVersion::V1_3 => &ALL[1..],
    }
}

/// Reads the name of a file.
fn file(section: &mut Section<'_>, key: &'static str) -> Result<Option<PathBuf>> {
    let mut path = String::new();
    Ok(section.string(key, &mut path)?.then(|| path.into()))
}

fn resolve(path: &mut PathBuf, folder: &Path) {
    if !path.as_os_str().is_empty() {
        *path = folder.join(&*path);
    }
}
