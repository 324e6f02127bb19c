//! Handlers and interceptors know who calls.

use std::sync::Arc;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{ClientSasl, Model, ReplyOrder, ServerSasl};
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::{CallContext, Client, Error, Protocol, Result, ServerConfig};

use super::config;
use crate::support::{Failure, Handler, MODELS, Running};

/// A service that says who calls.
struct Who;

#[allow(
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn who(_: &Who, cx: &CallContext) -> Result<String, Failure> {
    Ok(match cx.user() {
        None => "nobody".to_owned(),
        Some(user) => format!("{} by {} {}", user.name(), user.login(), user.mechanism()),
    })
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

fn ask(client: &Client) -> Result<String, Failure> {
    client.call("who", &[], ())
}

/// Keeps somebody out.
struct Not(&'static str);

impl Interceptor for Not {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        match cx.user() {
            Some(user) if user.name() == self.0 => Err(Error::handler("not for you", "")),
            _ => Ok(()),
        }
    }
}

#[test]
fn handlers_and_interceptors_know_who_calls() {
    let gateways = ServerSasl::new().plain(|login| Ok(login.accept_as_asked()));
    let any = ReplyOrder::Any;
    let ways = MODELS.map(|model| (model, ReplyOrder::Sent));
    for (model, order) in ways.into_iter().chain([(Model::Nonblocking, any)]) {
        let config = config(model).sasl(gateways.clone()).reply_order(order);
        let processor = Intercepted::new(Who).with(Not("mallory"));
        let server = Running::bind_with(&config, processor, Arc::<Handler>::default());
        let as_who = |sasl: ClientSasl| {
            Client::<seapink::Standard>::connect(&server.client_config().sasl(sasl)).unwrap()
        };
        let client = as_who(ClientSasl::plain("alice", "x"));
        for _ in 0..3 {
            assert_eq!(ask(&client).ok().unwrap(), "alice by alice PLAIN");
        }
        drop(client);
        let gateway = as_who(ClientSasl::plain("hue", "x").authorization("bob"));
        assert_eq!(ask(&gateway).ok().unwrap(), "bob by hue PLAIN");
        drop(gateway);
        let mallory = as_who(ClientSasl::plain("mallory", "x"));
        let error = ask(&mallory).unwrap_err().other();
        assert!(error.to_string().contains("not for you"), "{error}");
    }
    let plain = ServerConfig::new("tcp://127.0.0.1:0");
    let server = Running::bind_with(&plain, Who, Arc::<Handler>::default());
    assert_eq!(ask(&server.client().0).ok().unwrap(), "nobody");
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    use std::io::Write;
    use std::net::TcpStream;

    use seapink::config::ServerTimeouts;
    use seapink::{AsyncClient, AsyncServer, ClientConfig, ErrorKind};

    use super::rest;
    use crate::support::{AGES, eventually};

    let runtime = tokio::runtime::Runtime::new().unwrap();
    for order in [ReplyOrder::Sent, ReplyOrder::Any] {
        let config = config(Model::Nonblocking).reply_order(order);
        runtime.block_on(async {
            let timeouts = ServerTimeouts::default().handshake_ms(150);
            let config = config.timeouts(timeouts);
            let server = AsyncServer::bind_blocking(&config, Who).unwrap();
            let handle = server.handle();
            let config = ClientConfig::new(server.local_addr().to_string()).transport("sasl");
            tokio::spawn(server.run());
            let alice = config
                .clone()
                .sasl(ClientSasl::plain("alice", "wonderland"));
            let client = AsyncClient::<seapink::Standard>::connect(&alice)
                .await
                .unwrap();
            for _ in 0..3 {
                let who = client.call::<_, String, Failure>("who", &[], ());
                assert_eq!(who.await.ok().unwrap(), "alice by alice PLAIN");
            }
            let wrong = config.sasl(ClientSasl::plain("alice", "queen"));
            let error = AsyncClient::<seapink::Standard>::connect(&wrong).await;
            let error = error.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
            tokio::task::spawn_blocking(move || {
                let address = alice.connect.strip_prefix("tcp://").unwrap();
                let mut silent = TcpStream::connect(address).unwrap();
                silent.set_read_timeout(Some(AGES)).unwrap();
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
                assert!(rest(&mut stream).is_empty());
                assert!(rest(&mut silent).is_empty());
            })
            .await
            .unwrap();
            let counts = || {
                let stats = handle.stats();
                let kinds = [ErrorKind::Denied, ErrorKind::Malformed, ErrorKind::Timeout];
                let failed = kinds.map(|kind| stats.connections_failed_by(kind));
                (failed, stats.connections_foreign)
            };
            eventually("each is counted", || counts() == ([1, 1, 1], 1));
        });
    }
}
