//! Keys for the tests, under the names that the reference's own have in `test/keys`.
//!
//! Why not those? The certificate of its server is an authority that signed itself, and the one of
//! its client is of version 1, of before 1996: neither may be at the end of a chain, so rustls refuses
//! them, and nothing here makes it do otherwise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};

use super::support::Result;
use super::support::install::once;
use super::support::process::run;

/// What protects the stores of Java; the reference's word.
pub const PASSWORD: &str = "thrift";

const QUICK: Duration = Duration::from_mins(1);

/// The folder with them.
pub fn dir() -> Result<PathBuf> {
    once("cross-keys", "2", write)
}

fn write(dir: &Path) -> Result {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name = named("Cross tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    fs::write(dir.join("CA.pem"), authority.pem())?;
    for name in ["server", "client"] {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let key = KeyPair::generate()?;
        let mut certificate = CertificateParams::new(names)?;
        certificate.distinguished_name = named("localhost");
        let certificate = certificate.signed_by(&key, &authority)?.pem();
        let file = |ending| dir.join(format!("{name}.{ending}"));
        fs::write(file("key"), key.serialize_pem())?;
        fs::write(file("crt"), &certificate)?;
        fs::write(file("pem"), certificate + &key.serialize_pem())?;
    }
    stores(dir)
}

/// Two of the same name would be taken for one that signed itself.
fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// The same for Java.
fn stores(dir: &Path) -> Result {
    let password = format!("pass:{PASSWORD}");
    let mut openssl = Command::new("openssl");
    openssl
        .current_dir(dir)
        .args([
            "pkcs12",
            "-export",
            "-in",
            "server.crt",
            "-inkey",
            "server.key",
        ])
        .args(["-passout", &password, "-out", "server.p12"]);
    run(&mut openssl, QUICK)?;
    let mut keytool = Command::new("keytool");
    keytool
        .current_dir(dir)
        .args([
            "-importcert",
            "-noprompt",
            "-alias",
            "authority",
            "-file",
            "CA.pem",
        ])
        .args([
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-keystore",
            "trusted.p12",
        ]);
    run(&mut keytool, QUICK)?;
    Ok(())
}
