//! Certificates for an authority, a server and its clients, made for the moment.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose,
    IsCa, KeyPair,
};
use seapink::config::{ClientTls, ServerTls};

use crate::Failure;

/// A folder with certificates.
pub struct Certificates {
    folder: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    /// With an authority, and a certificate of `localhost` for the server.
    pub fn new(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "The chat's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let certificates = Self {
            folder: folder.to_owned(),
            authority,
        };
        fs::write(certificates.path("ca.pem"), certificates.authority.pem())?;
        certificates.sign("server", CertificateParams::new(["localhost".to_owned()]))?;
        Ok(certificates)
    }

    /// What the server needs.
    pub fn server(&self) -> ServerTls {
        ServerTls::new(self.path("server.pem"), self.path("server.key"))
            .client_ca(self.path("ca.pem"))
    }

    /// What a stranger needs: something to know the server by.
    pub fn stranger(&self) -> ClientTls {
        ClientTls::new().ca(self.path("ca.pem"))
    }

    /// What a member needs: a certificate, too.
    pub fn member(&self, name: &str) -> Result<ClientTls, Failure> {
        let params = CertificateParams::new([format!("{name}.members.example")]);
        let named = params.map(|mut params| {
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params
        });
        self.sign(name, named)?;
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        Ok(self
            .stranger()
            .certificate(self.path(&certificate), self.path(&key)))
    }

    fn sign(&self, name: &str, params: Result<CertificateParams, Error>) -> Result<(), Failure> {
        let key = KeyPair::generate()?;
        let certificate = params?.signed_by(&key, &self.authority)?;
        fs::write(self.path(&format!("{name}.pem")), certificate.pem())?;
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem())?;
        Ok(())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }
}
