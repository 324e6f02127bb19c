//! SASL inside TLS: both say who calls.

use std::sync::Arc;

use seapink::client::Client;
use seapink::codegen::{Call, Outcome, Service};
use seapink::config::ClientSasl;
use seapink::{CallContext, ErrorKind, Protocol, Result, Standard};

use crate::identity::{Failure, identity};
use crate::lab::{Lab, tcp};
use crate::support::{Handler, MODELS, Running, wonderland};

struct Who;

#[allow(
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn who(_: &Who, cx: &CallContext) -> Result<String, Failure> {
    let user = cx.user().map_or("nobody", |user| user.name());
    Ok(format!("{user}, {}", identity(cx)))
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

const ALICE: &str = "alice, TLS 1.3, for localhost, 0 certificates, None [] []";

#[test]
fn the_password_goes_through_tls() {
    let lab = Lab::new();
    for model in MODELS {
        let config = tcp().model(model).tls(lab.server_tls()).transport("sasl");
        let config = config.sasl(wonderland());
        let server = Running::bind_with(&config, Who, Arc::<Handler>::default());
        let config = server.client_config();
        let config = config.tls(lab.client_tls().server_name("localhost"));
        let client = Client::<Standard>::connect(&config).unwrap();
        for _ in 0..3 {
            let who: Result<String, Failure> = client.call("who", &[], ());
            assert_eq!(who.ok().unwrap(), ALICE, "{}", model.name());
        }
        drop(client);
        let wrong = config.clone().sasl(ClientSasl::plain("alice", "queen"));
        let error = Client::<Standard>::connect(&wrong).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        // With TLS it may go anywhere: this name is refused for another reason.
        let mut far = config;
        far.connect = "tcp://no.such.host.invalid:1".to_owned();
        let error = Client::<Standard>::connect(&far).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    }
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    use seapink::{AsyncClient, AsyncServer};

    let lab = Lab::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = tcp().tls(lab.server_tls()).transport("sasl");
        let server = AsyncServer::bind_blocking(&config.sasl(wonderland()), Who).unwrap();
        let config = seapink::ClientConfig::new(server.local_addr().to_string());
        tokio::spawn(server.run());
        let config = config
            .transport("sasl")
            .tls(lab.client_tls().server_name("localhost"));
        let config = config.sasl(ClientSasl::plain("alice", "wonderland"));
        let client = AsyncClient::<Standard>::connect(&config).await.unwrap();
        for _ in 0..3 {
            let who = client.call::<_, String, Failure>("who", &[], ());
            assert_eq!(who.await.ok().unwrap(), ALICE);
        }
    });
}
