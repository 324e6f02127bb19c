//! An authority that signs what a test needs, and files with it.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use seapink::config::{ClientTls, Model, ServerTls};
use seapink::rustls::SupportedProtocolVersion;
use seapink::rustls::client::WantsClientCert;
use seapink::rustls::crypto::CryptoProvider;
use seapink::rustls::pki_types::pem::PemObject;
use seapink::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use seapink::rustls::{self, ClientConnection, ConfigBuilder, RootCertStore};
use seapink::{ClientConfig, ServerConfig};
use tempfile::TempDir;

use crate::support::{AGES, ProbeClient, Running};

/// What a test's certificates are signed with, and where they are.
pub(crate) struct Lab {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Lab {
    /// With `ca.pem`, `server.pem` and `server.key` for `localhost` and 127.0.0.1.
    pub(crate) fn new() -> Self {
        Self::of("an authority")
    }

    /// The same with an authority of this name.
    pub(crate) fn of(authority: &str) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, authority);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let lab = Self {
            folder: tempfile::tempdir().unwrap(),
            authority: CertifiedIssuer::self_signed(params, key).unwrap(),
        };
        lab.write("ca.pem", &lab.authority.pem());
        lab.issue("server", &names(&["localhost", "127.0.0.1"]));
        lab
    }

    /// Writes a certificate that the authority signs, and its key.
    pub(crate) fn issue(&self, file: &str, params: &CertificateParams) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }

    /// The same for a client.
    pub(crate) fn issue_client(&self, name: &str) {
        let mut params = names(&[&format!("{name}.clients.example")]);
        params.distinguished_name.push(DnType::CommonName, name);
        let uri = format!("spiffe://example/{name}").try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(name, &params);
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    pub(crate) fn server_tls(&self) -> ServerTls {
        self.server_tls_of("server")
    }

    pub(crate) fn server_tls_of(&self, file: &str) -> ServerTls {
        ServerTls::new(
            self.path(&format!("{file}.pem")),
            self.path(&format!("{file}.key")),
        )
    }

    pub(crate) fn client_tls(&self) -> ClientTls {
        ClientTls::new().ca(self.path("ca.pem"))
    }

    /// That of a client with a certificate.
    pub(crate) fn client_tls_of(&self, file: &str) -> ClientTls {
        let [certificate, key] = ["pem", "key"].map(|end| self.path(&format!("{file}.{end}")));
        self.client_tls().certificate(certificate, key)
    }

    /// A server of a model.
    pub(crate) fn server(&self, model: Model) -> Running {
        Running::bind(&self.server_config(model))
    }

    pub(crate) fn server_config(&self, model: Model) -> ServerConfig {
        tcp().model(model).tls(self.server_tls())
    }

    /// A client of a server.
    pub(crate) fn client(&self, server: &Running) -> ProbeClient {
        server.client_with(&self.client_config(server))
    }

    pub(crate) fn client_config(&self, server: &Running) -> ClientConfig {
        server.client_config().tls(self.client_tls())
    }

    /// What `rustls` by itself would be configured with as a client.
    pub(crate) fn rustls(&self) -> rustls::ClientConfig {
        self.rustls_of(rustls::ALL_VERSIONS)
    }

    pub(crate) fn rustls_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> rustls::ClientConfig {
        self.rustls_builder(versions).with_no_client_auth()
    }

    /// The same with a certificate of its own.
    pub(crate) fn rustls_as(&self, name: &str) -> rustls::ClientConfig {
        let (certificates, key) = self.own(name);
        let builder = self.rustls_builder(rustls::ALL_VERSIONS);
        builder.with_client_auth_cert(certificates, key).unwrap()
    }

    fn rustls_builder(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ConfigBuilder<rustls::ClientConfig, WantsClientCert> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.path("ca.pem"));
        roots.add(authority.unwrap()).unwrap();
        rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
    }

    /// What `rustls` by itself would be configured with as a server.
    pub(crate) fn rustls_server(&self) -> Arc<rustls::ServerConfig> {
        let (certificates, key) = self.own("server");
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key);
        Arc::new(config.unwrap())
    }

    fn own(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let [certificate, key] = ["pem", "key"].map(|end| self.path(&format!("{name}.{end}")));
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        (
            vec![certificate],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
    }

    /// A client of which a test does every step, after its handshake.
    pub(crate) fn bare(&self, server: &Running) -> Bare {
        let mut bare = Bare::new(server, self.rustls());
        bare.handshake();
        bare
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) fn tcp() -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
}

pub(crate) fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

/// A plain connection to a server.
pub(crate) fn plain(server: &Running) -> TcpStream {
    plain_to(&server.handle.local_addr().to_string())
}

/// The same to an address.
pub(crate) fn plain_to(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(AGES)).unwrap();
    stream.set_write_timeout(Some(AGES)).unwrap();
    stream
}

/// Waits until the other end closes the connection, and says what it had sent.
pub(crate) fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => bytes,
    }
}

/// A client made of `rustls` and a socket.
pub(crate) struct Bare {
    pub(crate) tls: ClientConnection,
    pub(crate) socket: TcpStream,
}

impl Bare {
    pub(crate) fn new(server: &Running, config: rustls::ClientConfig) -> Self {
        Self::over(plain(server), config)
    }

    pub(crate) fn over(socket: TcpStream, config: rustls::ClientConfig) -> Self {
        let name = ServerName::try_from("localhost").unwrap();
        Self {
            tls: ClientConnection::new(Arc::new(config), name).unwrap(),
            socket,
        }
    }

    pub(crate) fn handshake(&mut self) {
        while self.tls.is_handshaking() {
            self.tls.complete_io(&mut self.socket).unwrap();
        }
        // The client's last messages.
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket).unwrap();
        }
    }

    /// Ciphertext of some bytes, which does not leave yet.
    pub(crate) fn encrypt(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.tls.writer().write_all(bytes).unwrap();
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).unwrap();
        }
        out
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let out = self.encrypt(bytes);
        self.socket.write_all(&out).unwrap();
    }

    /// Reads so many bytes of plaintext.
    pub(crate) fn receive(&mut self, bytes: usize) -> Vec<u8> {
        let mut buffer = vec![0; bytes];
        let stream = &mut rustls::Stream::new(&mut self.tls, &mut self.socket);
        stream.read_exact(&mut buffer).unwrap();
        buffer
    }

    /// Reads to the end, which is `Ok` after the server's goodbye.
    pub(crate) fn end(&mut self) -> io::Result<usize> {
        let stream = &mut rustls::Stream::new(&mut self.tls, &mut self.socket);
        stream.read(&mut [0])
    }

    /// Closes the socket, and TLS not.
    pub(crate) fn cut(&mut self) {
        self.socket.shutdown(Shutdown::Both).unwrap();
    }
}

/// A framed call of `echo` with a text of so many bytes, and how long its reply is.
pub(crate) fn echo(text: &str) -> (Vec<u8>, usize) {
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
    let head = [&[0x80, 1, 0, 1][..], &length(4), b"echo", &length(1)].concat();
    let field = [&[11, 0, 1][..], &length(text.len()), text.as_bytes(), &[0]].concat();
    let message = [head, field].concat();
    let framed = [&length(message.len())[..], &message].concat();
    let reply = framed.len();
    (framed, reply)
}
