//! T17: whom a client believes, whom a server believes, and hellos in pieces.

use std::io::Write;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use seapink::config::{ClientCertificates, ClientTls, Model, ServerTls};
use seapink::rustls::version::{TLS12, TLS13};
use seapink::{Error, ErrorKind, TlsVersion};

use crate::lab::{Bare, Lab, echo, names, tcp};
use crate::support::{MODELS, ProbeClient, Running};

/// What comes of a call.
fn call(server: &ServerTls, client: &ClientTls) -> Result<(), Error> {
    let server = Running::bind(&tcp().tls(server.clone()));
    call_to(&server, client)
}

fn call_to(server: &Running, client: &ClientTls) -> Result<(), Error> {
    let client = ProbeClient::connect(&server.client_config().tls(client.clone()))?;
    let reply = client
        .echo("hello")
        .map_err(crate::support::Failure::other)?;
    assert_eq!(reply, "hello");
    Ok(())
}

/// That a client does not accept the server's certificate, and why.
fn refused(server: &ServerTls, client: &ClientTls, why: &str) {
    let error = call(server, client).unwrap_err();
    let expected = format!("the server's certificate is not accepted: {why}");
    assert!(error.to_string().ends_with(&expected), "{error}");
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(!error.is_retryable());
}

#[test]
fn t17_a_certificate_for_another_host_is_refused() {
    let lab = Lab::new();
    call(&lab.server_tls(), &lab.client_tls()).unwrap();
    call(
        &lab.server_tls(),
        &lab.client_tls().server_name("localhost"),
    )
    .unwrap();
    for name in ["example.org", "localhost.example.org", "127.0.0.2", "::1"] {
        let why = format!("it is for `localhost` and `127.0.0.1`, not for `{name}`");
        refused(&lab.server_tls(), &lab.client_tls().server_name(name), &why);
    }
    // The host of the address is what counts if nothing else is said.
    lab.issue("name", &names(&["localhost"]));
    let why = "it is for `localhost`, not for `127.0.0.1`";
    refused(&lab.server_tls_of("name"), &lab.client_tls(), why);
}

#[test]
fn t17_a_common_name_is_no_name_of_a_host() {
    let lab = Lab::new();
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    lab.issue("common", &params);
    let client = lab.client_tls().server_name("localhost");
    let why = "it has no subject alternative name, and `localhost` is wanted";
    refused(&lab.server_tls_of("common"), &client, why);
    let mut params = names(&["example.org"]);
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    lab.issue("both", &params);
    let why = "it is for `example.org`, not for `localhost`";
    refused(&lab.server_tls_of("both"), &client, why);
}

#[test]
fn t17_a_wildcard_stands_for_one_label() {
    let lab = Lab::new();
    lab.issue("wild", &names(&["*.example.org"]));
    let server = Running::bind(&tcp().tls(lab.server_tls_of("wild")));
    let call = |name: &str| call_to(&server, &lab.client_tls().server_name(name));
    call("a.example.org").unwrap();
    call("A.Example.Org").unwrap();
    for name in [
        "example.org",
        "a.b.example.org",
        "a.example.com",
        "127.0.0.1",
    ] {
        let error = call(name).unwrap_err().to_string();
        let why = format!("it is for `*.example.org`, not for `{name}`");
        assert!(error.ends_with(&why), "{error}");
    }
}

#[test]
fn t17_certificates_have_their_time() {
    let lab = Lab::new();
    let mut params = names(&["localhost"]);
    params.not_after = date_time_ymd(2001, 1, 1);
    lab.issue("old", &params);
    let mut params = names(&["localhost"]);
    params.not_before = date_time_ymd(3000, 1, 1);
    lab.issue("young", &params);
    let client = lab.client_tls().server_name("localhost");
    refused(&lab.server_tls_of("old"), &client, "it has expired");
    refused(&lab.server_tls_of("young"), &client, "it is not valid yet");
}

#[test]
fn t17_only_trusted_authorities_count() {
    let (lab, other) = (Lab::new(), Lab::of("another"));
    let why = "no authority that is trusted here has signed it";
    refused(&other.server_tls(), &lab.client_tls(), why);
    let namesake = Lab::new();
    let wrong = "its signature is not that of an authority that is trusted here";
    refused(&namesake.server_tls(), &lab.client_tls(), wrong);
    let key = KeyPair::generate().unwrap();
    let own = names(&["127.0.0.1"]).self_signed(&key).unwrap();
    lab.write("own.pem", &own.pem());
    lab.write("own.key", &key.serialize_pem());
    refused(&lab.server_tls_of("own"), &lab.client_tls(), why);
    // By default the system's, which do not know the one of this test. There may be none at all.
    let error = call(&lab.server_tls(), &ClientTls::new())
        .unwrap_err()
        .to_string();
    let none = "in code: client.tls.ca: is missing, and the system trusts no authority";
    assert!(error.ends_with(why) || error.starts_with(none), "{error}");
}

#[test]
fn t17_verification_ends_only_by_its_dangerous_name() {
    let (lab, other) = (Lab::new(), Lab::of("another"));
    let client = ClientTls::new().danger_accept_any_certificate(true);
    call(&lab.server_tls(), &client).unwrap();
    call(
        &other.server_tls(),
        &client.clone().server_name("example.org"),
    )
    .unwrap();
    let config = ClientTls::new();
    assert!(!config.danger_accept_any_certificate);
    // Whoever shows a certificate has to have its key.
    for versions in [[&TLS12], [&TLS13]] {
        let rustls = lab.rustls_of(&versions);
        call(&lab.server_tls(), &ClientTls::ready(Arc::new(rustls))).unwrap();
    }
}

#[test]
fn t17_clients_without_the_right_certificate_are_refused() {
    let (lab, other) = (Lab::new(), Lab::of("another"));
    for lab in [&lab, &other] {
        lab.issue_client("alice");
    }
    let mut params = names(&["server.example"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    lab.issue("purpose", &params);
    let mut params = names(&["old.example"]);
    params.not_after = date_time_ymd(2001, 1, 1);
    lab.issue("old", &params);

    let stranger = lab
        .client_tls()
        .certificate(other.path("alice.pem"), other.path("alice.key"));
    let cases = [
        (lab.client_tls(), "it wants a certificate"),
        (stranger, "it does not trust who signed the certificate"),
        (lab.client_tls_of("purpose"), ""),
        (lab.client_tls_of("old"), "the certificate has expired"),
    ];
    for model in MODELS {
        let tls = lab.server_tls().client_ca(lab.path("ca.pem"));
        let server = Running::bind(&tcp().model(model).tls(tls));
        call_to(&server, &lab.client_tls_of("alice")).unwrap();
        for (client, why) in &cases {
            let error = call_to(&server, client).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("the server refused: ") && text.ends_with(why),
                "{text}"
            );
            assert_eq!(error.kind(), ErrorKind::Tls);
        }
        assert_eq!(server.handle.stats().replies, 1);
    }
}

#[test]
fn t17_clients_may_be_asked_without_being_obliged() {
    let (lab, other) = (Lab::new(), Lab::of("another"));
    for lab in [&lab, &other] {
        lab.issue_client("alice");
    }
    let tls = lab.server_tls().client_ca(lab.path("ca.pem"));
    let server = tls.client_certificates(ClientCertificates::Optional);
    call(&server, &lab.client_tls()).unwrap();
    call(&server, &lab.client_tls_of("alice")).unwrap();
    let wrong = lab
        .client_tls()
        .certificate(other.path("alice.pem"), other.path("alice.key"));
    assert_eq!(call(&server, &wrong).unwrap_err().kind(), ErrorKind::Tls);
    // Nobody is asked.
    call(&lab.server_tls(), &wrong).unwrap();
}

#[test]
fn t17_in_version_1_2_clients_are_refused_in_the_handshake() {
    let lab = Lab::new();
    let tls = lab.server_tls().client_ca(lab.path("ca.pem"));
    let client = ClientTls::ready(Arc::new(lab.rustls_of(&[&TLS12])));
    let error = call(&tls, &client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    let newest = tls.version_min(TlsVersion::V1_3);
    let error = call(&newest, &client).unwrap_err().to_string();
    assert!(error.contains("speaks no version of TLS"), "{error}");
}

#[test]
fn t17_a_hello_may_come_byte_by_byte_or_in_small_records() {
    let lab = Lab::new();
    let (message, reply) = echo("hello");
    for model in MODELS {
        let server = lab.server(model);
        for fragment in [None, Some(32)] {
            let mut config = lab.rustls();
            config.max_fragment_size = fragment;
            let mut bare = Bare::new(&server, config);
            let mut hello = Vec::new();
            while bare.tls.wants_write() {
                bare.tls.write_tls(&mut hello).unwrap();
            }
            for byte in hello {
                bare.socket.write_all(&[byte]).unwrap();
            }
            bare.handshake();
            bare.send(&message);
            bare.receive(reply);
        }
        assert_eq!(server.handle.stats().connections_failed, 0);
    }
}

#[test]
fn t17_a_hello_byte_by_byte_keeps_nobody_waiting() {
    let lab = Lab::new();
    for model in [Model::Threaded, Model::ThreadPool, Model::Nonblocking] {
        let server = lab.server(model);
        let mut bare = Bare::new(&server, lab.rustls());
        let mut hello = Vec::new();
        bare.tls.write_tls(&mut hello).unwrap();
        for part in hello.chunks(40) {
            bare.socket.write_all(part).unwrap();
            call_to(&server, &lab.client_tls()).unwrap();
        }
        bare.handshake();
    }
}
