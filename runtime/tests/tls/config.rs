//! Configurations of TLS, and the sentences that refuse what does not fit.

use seapink::config::{ClientCertificates, ClientTls, ServerTls};
use seapink::{Client, ClientConfig, ErrorKind, Server, ServerConfig, Standard, TlsVersion};

use crate::lab::{Lab, names, tcp};
use crate::support::{Probe, ProbeClient, Running};

/// Of X.509's version 1, which is what OpenSSL makes of a request without extensions.
const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBGjCBwQIUS/IL9K92IMPpxwwD0LLZFFXOkhwwCgYIKoZIzj0EAwIwDzENMAsG
A1UEAwwEY2FsYzAgFw0yNjExMjExNTI1NDlaGA8yMTI2MTAyODE1MjU0OVowDzEN
MAsGA1UEAwwEY2FsYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMgYu2DkwPdm
upnY9bxpnwL8mIph0P+oCkr5y5S4PcFiivGHM3AuP9Yt7UDRYMbgHiQJ7p1WTOFQ
g+xtxwpI3LYwCgYIKoZIzj0EAwIDSAAwRQIhANX3lcjsAGpTIHyREv2TLanWF5Ur
p5byZWNMXUQ5hPiHAiAvGDEGizpKs1hrp8QePzALLNAz39UT62zLIlDPl1EqLQ==
-----END CERTIFICATE-----
";

/// As `openssl ec -aes128` writes it.
const TRADITIONAL: &str = "-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,929839AE85FE8B4E1EACEEE73D12C064

zAoCLQgOB5YCo/fMAmSu8srFoIjCiOOPcnBGGg9PEDUhDr6XE5JgXduDZY2igToz
OIy9A/j9dE/0KbMtWExBFkekNJ8n1CdirHbphhsp2OCHtAM5jed0pfcFWTnsD6a0
JwlNXiJBjdYZLnclR6WWOG6smlo+CuJTvMWeeIHGems=
-----END EC PRIVATE KEY-----
";

/// Files of many kinds.
fn files() -> Lab {
    let lab = Lab::new();
    lab.issue("other", &names(&["localhost"]));
    lab.write("empty.pem", "");
    lab.write("text.pem", "no certificate\n");
    let damaged = "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n";
    lab.write("damaged.pem", damaged);
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    lab.write("nonsense.pem", nonsense);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    lab.write("encrypted.key", encrypted);
    lab.write("windows.key", &encrypted.replace('\n', "\r\n"));
    lab.write("traditional.key", TRADITIONAL);
    lab.write("version_1.pem", VERSION_1);
    lab.write("server.der", "0\u{1}");
    let nonsense = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    lab.write("nonsense.key", nonsense);
    lab
}

/// What is said of a file with these lines in `[server.tls]`.
fn server(lab: &Lab, lines: &str) -> String {
    let path = lab.path("calc.toml");
    let head = "[server]\nlisten = 'tcp://127.0.0.1:0'\n[server.tls]\n";
    lab.write("calc.toml", &format!("{head}{lines}"));
    let config = ServerConfig::from_file(path).unwrap();
    said(lab, Server::bind(&config, Probe::default()))
}

/// The same for `[client.tls]`.
fn client(lab: &Lab, lines: &str) -> String {
    let path = lab.path("calc.toml");
    let head = "[client]\nconnect = 'tcp://127.0.0.1:1'\n[client.tls]\n";
    lab.write("calc.toml", &format!("{head}{lines}"));
    let config = ClientConfig::from_file(path).unwrap();
    said(lab, Client::<Standard>::connect(&config))
}

fn said<T>(lab: &Lab, result: Result<T, seapink::Error>) -> String {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let folder = format!(
        "{}/",
        lab.path("").display().to_string().trim_end_matches('/')
    );
    error.to_string().replace(&folder, "")
}

#[test]
fn files_that_do_not_fit_are_one_sentence_each() {
    let lab = files();
    for (lines, expected) in [
        (
            "certificates = 'absent.pem'\nkey = 'server.key'",
            "4: server.tls.certificates: cannot read absent.pem: there is no such file",
        ),
        (
            "certificates = 'server.pem'\nkey = 'absent.key'",
            "5: server.tls.key: cannot read absent.key: there is no such file",
        ),
        (
            "certificates = 'empty.pem'\nkey = 'server.key'",
            "4: server.tls.certificates: empty.pem has no certificate in PEM form",
        ),
        (
            "certificates = 'server.key'\nkey = 'server.key'",
            "4: server.tls.certificates: server.key has a private key and no certificate; have the two files been swapped?",
        ),
        (
            "certificates = 'server.pem'\nkey = 'server.pem'",
            "5: server.tls.key: server.pem has a certificate and no private key; have the two files been swapped?",
        ),
        (
            "certificates = 'server.pem'\nkey = 'encrypted.key'",
            "5: server.tls.key: the private key in encrypted.key is encrypted, and there is nobody to ask for the passphrase; write it without, with `openssl pkey -in encrypted.key -out plain.key`",
        ),
        (
            "certificates = 'server.pem'\nkey = 'windows.key'",
            "5: server.tls.key: the private key in windows.key is encrypted, and there is nobody to ask for the passphrase; write it without, with `openssl pkey -in windows.key -out plain.key`",
        ),
        (
            "certificates = 'server.pem'\nkey = 'traditional.key'",
            "5: server.tls.key: the private key in traditional.key is encrypted, and there is nobody to ask for the passphrase; write it without, with `openssl pkey -in traditional.key -out plain.key`",
        ),
        (
            "certificates = 'version_1.pem'\nkey = 'server.key'",
            "4: server.tls.certificates: the first certificate in version_1.pem is of X.509's version 1, which names no hosts; make one of version 3, with `subjectAltName`",
        ),
        (
            "certificates = 'server.der'\nkey = 'server.key'",
            "4: server.tls.certificates: server.der has no certificate in PEM form, but seems to be in DER form; `openssl x509 -inform der` makes PEM of it",
        ),
        (
            "certificates = '.'\nkey = 'server.key'",
            "4: server.tls.certificates: cannot read .: it is a directory",
        ),
        (
            "certificates = 'server.pem'\nkey = 'other.key'",
            "5: server.tls.key: the key in other.key does not belong to the first certificate in server.pem",
        ),
        (
            "certificates = 'server.pem'\nkey = 'nonsense.key'",
            "5: server.tls.key: nonsense.key cannot be used: failed to parse private key as RSA, ECDSA, or EdDSA",
        ),
        (
            "certificates = 'nonsense.pem'\nkey = 'server.key'",
            "4: server.tls.certificates: nonsense.pem has no X.509 certificate",
        ),
        (
            "certificates = 'server.pem'\nkey = 'server.key'\nclient_ca = 'text.pem'",
            "6: server.tls.client_ca: text.pem has no certificate in PEM form",
        ),
        (
            "certificates = 'server.pem'\nkey = 'server.key'\nclient_ca = 'nonsense.pem'",
            "6: server.tls.client_ca: nonsense.pem has no X.509 certificate",
        ),
    ] {
        assert_eq!(
            server(&lab, lines),
            format!("calc.toml:{expected}"),
            "{lines}"
        );
    }
    let error = server(&lab, "certificates = 'damaged.pem'\nkey = 'server.key'");
    let damaged =
        "calc.toml:4: server.tls.certificates: the certificate in damaged.pem is damaged: ";
    assert!(error.starts_with(damaged), "{error}");
    for (lines, expected) in [
        (
            "ca = 'empty.pem'",
            "4: client.tls.ca: empty.pem has no certificate in PEM form",
        ),
        (
            "ca = 'ca.pem'\ncertificate = 'server.pem'\nkey = 'other.key'",
            "6: client.tls.key: the key in other.key does not belong to the first certificate in server.pem",
        ),
    ] {
        assert_eq!(
            client(&lab, lines),
            format!("calc.toml:{expected}"),
            "{lines}"
        );
    }
}

#[test]
fn a_file_says_all_that_a_builder_can() {
    let lab = Lab::new();
    lab.issue_client("alice");
    lab.write(
        "calc.toml",
        "[server]
         listen = 'tcp://127.0.0.1:0'
         [server.tls]
         certificates = 'server.pem'
         key = './server.key'
         client_ca = 'ca.pem'
         client_certificates = 'optional'
         version_min = '1.3'
         [client]
         connect = 'tcp://127.0.0.1:9090'
         [client.tls]
         ca = 'ca.pem'
         certificate = 'alice.pem'
         key = 'alice.key'
         server_name = 'localhost'
         version_min = '1.3'
         danger_accept_any_certificate = false",
    );
    let config = ServerConfig::from_file(lab.path("calc.toml")).unwrap();
    let expected = ServerTls::new(lab.path("server.pem"), lab.path("./server.key"))
        .client_ca(lab.path("ca.pem"))
        .client_certificates(ClientCertificates::Optional)
        .version_min(TlsVersion::V1_3);
    assert_eq!(format!("{:?}", config.tls), format!("{:?}", Some(expected)));
    let server = Running::bind(&config);

    let mut config = ClientConfig::from_file(lab.path("calc.toml")).unwrap();
    let expected = lab
        .client_tls_of("alice")
        .server_name("localhost")
        .version_min(TlsVersion::V1_3);
    assert_eq!(format!("{:?}", config.tls), format!("{:?}", Some(expected)));
    config.connect = server.handle.local_addr().to_string();
    let client = ProbeClient::connect(&config).unwrap();
    assert_eq!(client.echo("hello").unwrap(), "hello");
}

#[test]
fn programs_may_bring_their_own() {
    let lab = Lab::new();
    let server = Running::bind(&tcp().tls(ServerTls::ready(lab.rustls_server())));
    let tls = ClientTls::ready(lab.rustls().into()).server_name("localhost");
    let client = server.client_with(&server.client_config().tls(tls.clone()));
    assert_eq!(client.echo("hello").unwrap(), "hello");

    let mut both = ServerTls::ready(lab.rustls_server());
    both.certificates = lab.path("server.pem");
    let error = said(&lab, Server::bind(&tcp().tls(both), Probe::default()));
    let expected = "in code: server.tls.certificates: there is a ready configuration, which has certificates of its own; remove it";
    assert_eq!(error, expected);
    let both = ClientConfig::new("tcp://127.0.0.1:1").tls(tls.ca(lab.path("ca.pem")));
    let error = said(&lab, Client::<Standard>::connect(&both));
    let expected = "in code: client.tls.ca: there is a ready configuration, which has certificates of its own; remove it";
    assert_eq!(error, expected);
}
