//! Handlers and interceptors know who calls.

use std::sync::Arc;

use seapink::client::Client;
use seapink::codegen::{Call, Error, Outcome, Service};
use seapink::config::ClientCertificates;
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::rustls::HandshakeKind;
use seapink::{CallContext, Protocol, Result};

use crate::lab::{Bare, Lab, tcp};
use crate::support::{Handler, MODELS, Running};

/// A service that says who calls.
pub(crate) struct Who;

pub(crate) enum Failure {
    Other(Error),
}

seapink::impl_method_error!(Failure {});

pub(crate) fn identity(cx: &CallContext) -> String {
    let Some(tls) = cx.tls() else {
        return "nobody".to_owned();
    };
    format!(
        "TLS {}, for {}, {} certificates, {:?} {:?} {:?}",
        tls.version(),
        tls.server_name().unwrap_or("no name"),
        tls.certificates().len(),
        tls.common_name(),
        tls.dns_names(),
        tls.uris(),
    )
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn who(_: &Who, cx: &CallContext) -> Result<String, Failure> {
    Ok(identity(cx))
}

impl Service for Who {
    type Handler = Self;

    const NAME: &'static str = "Who";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "who" => call.reply(handler, who, &[]),
            _ => call.unknown_method(),
        }
    }
}

pub(crate) fn ask(client: &Client) -> String {
    client.call::<_, _, Failure>("who", &[], ()).unwrap()
}

#[test]
fn handlers_know_the_certificate_of_the_client() {
    let lab = Lab::new();
    lab.issue_client("alice");
    for model in MODELS {
        let tls = lab.server_tls().client_ca(lab.path("ca.pem"));
        let tls = tls.client_certificates(ClientCertificates::Optional);
        let config = tcp().model(model).tls(tls);
        let (listener, connector) = seapink::transport::MemoryListener::new();
        let server = seapink::Server::with_listener(listener, &config, Who).unwrap();
        let handle = server.handle();
        let thread = std::thread::spawn(move || server.run());
        let ask_with = |tls: seapink::config::ClientTls| {
            let config = seapink::ClientConfig::default().tls(tls.server_name("localhost"));
            let client = Client::with_connector(connector.clone(), &config).unwrap();
            [ask(&client), ask(&client)]
        };
        let alice = "TLS 1.3, for localhost, 1 certificates, Some(\"alice\") \
                     [\"alice.clients.example\"] [\"spiffe://example/alice\"]";
        assert_eq!(ask_with(lab.client_tls_of("alice")), [alice; 2]);
        let nobody = "TLS 1.3, for localhost, 0 certificates, None [] []";
        assert_eq!(ask_with(lab.client_tls()), [nobody; 2]);
        handle.shutdown(crate::support::AGES);
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn without_tls_there_is_no_identity() {
    let server = Running::memory_with(&tcp(), Who, Arc::<Handler>::default());
    assert_eq!(ask(&server.client().0), "nobody");
}

/// Lets in whoever has a certificate for a name.
struct Only(&'static str);

impl Interceptor for Only {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        match cx.tls().and_then(|tls| tls.common_name()) {
            Some(name) if name == self.0 => Ok(()),
            _ => Err(Error::handler("not for you", identity(cx))),
        }
    }
}

#[test]
fn interceptors_let_in_whom_they_know() {
    let lab = Lab::new();
    lab.issue_client("alice");
    lab.issue_client("mallory");
    let config = tcp().tls(lab.server_tls().client_ca(lab.path("ca.pem")));
    let processor = Intercepted::new(Who).with(Only("alice"));
    let server = Running::bind_with(&config, processor, Arc::<Handler>::default());
    let client = |name| {
        let config = server.client_config().tls(lab.client_tls_of(name));
        Client::<seapink::Standard>::connect(&config).unwrap()
    };
    assert!(ask(&client("alice")).contains("Some(\"alice\")"));
    let result: Result<String, Failure> = client("mallory").call("who", &[], ());
    let Err(Failure::Other(error)) = result else {
        panic!("let in")
    };
    assert!(error.to_string().contains("not for you"), "{error}");
}

/// A session that goes on has the identity of the one before.
#[test]
fn resumed_sessions_are_those_of_the_same_client() {
    let lab = Lab::new();
    lab.issue_client("alice");
    let config = tcp().tls(lab.server_tls().client_ca(lab.path("ca.pem")));
    let server = Running::bind_with(&config, Who, Arc::<Handler>::default());
    let rustls = lab.rustls_as("alice");
    let call = b"\0\0\0\x10\x80\x01\0\x01\0\0\0\x03who\0\0\0\x01\0";
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let mut bare = Bare::new(&server, rustls.clone());
        bare.handshake();
        bare.send(call);
        let head = bare.receive(4);
        let length = u32::from_be_bytes(head.try_into().unwrap());
        let reply = bare.receive(usize::try_from(length).unwrap());
        let text = String::from_utf8_lossy(&reply);
        assert!(text.contains("1 certificates, Some(\"alice\")"), "{text}");
        assert_eq!(bare.tls.handshake_kind(), Some(kind));
    }
}
