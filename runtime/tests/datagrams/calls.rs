//! Calls of every kind.

use std::sync::Arc;

use parking_lot::Mutex;
use seapink::codegen::Outcome;
use seapink::config::{Model, ServerUdp};
use seapink::processor::Request;
use seapink::{
    ApplicationCode, CallContext, ErrorKind, Multiplexed, Peer, Processor, WireProtocol,
};

use crate::support::{Probe, ProbeClient, Running, eventually};
use crate::{MODELS, PROTOCOLS, config};

/// Some of everything.
fn talk(client: &ProbeClient) {
    assert_eq!(client.echo("hello").unwrap(), "hello");
    client.note("one").unwrap();
    assert!(client.fail("declared").is_err());
    let error = client.fail("panic").unwrap_err().other();
    assert_eq!(
        error.kind(),
        ErrorKind::Application(ApplicationCode::INTERNAL_ERROR)
    );
    let error = client.unknown().unwrap_err().other();
    assert_eq!(
        error.kind(),
        ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
    );
    let text = "x".repeat(60_000);
    assert_eq!(client.echo(&text).unwrap(), text);
    client.note("two").unwrap();
}

#[test]
fn every_protocol_on_every_model() {
    for model in MODELS {
        for protocol in PROTOCOLS {
            let server = Running::bind(&config(model, protocol));
            talk(&server.client());
            for note in ["one", "two"] {
                server.handler.until_noted(note);
            }
            eventually("it is counted", || server.handle.stats().oneways == 2);
            let stats = server.handle.stats();
            let counts = (stats.datagrams, stats.datagrams_lost, stats.replies);
            assert_eq!(counts, (7, 0, 3), "{protocol} {}", model.name());
            assert_eq!((stats.exceptions, stats.oneways), (2, 2), "{stats:?}");
            assert_eq!(stats.connections_accepted, 0);
        }
    }
}

#[test]
fn each_datagram_says_its_protocol() {
    for model in MODELS {
        let server = Running::bind(&config(model, "auto"));
        for protocol in PROTOCOLS {
            talk(&server.client_with(&server.client_config().protocol(protocol)));
        }
        assert_eq!(server.handle.stats().datagrams_lost, 0);
    }
}

#[test]
fn threads_share_a_client() {
    for model in MODELS {
        let server = Running::bind(&config(model, "compact"));
        let client = server.client();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..25 {
                        let text = format!("{thread}.{turn} ").repeat(1 + turn * 4);
                        assert_eq!(client.echo(&text).unwrap(), text);
                    }
                });
            }
        });
    }
}

/// The last one sent is the first that is waited for.
#[test]
fn replies_find_their_calls() {
    let server = Running::bind(&config(Model::ThreadPool, "binary"));
    let client = server.client();
    let texts: Vec<_> = (0..16).map(|turn| format!("call {turn}")).collect();
    let sent = texts.iter().map(|text| client.send_echo(text).unwrap());
    let sent: Vec<_> = sent.collect();
    for (pending, text) in sent.into_iter().zip(&texts).rev() {
        assert_eq!(pending.wait().unwrap(), *text);
    }
}

#[test]
fn over_ipv6_and_by_a_name() {
    for host in ["[::1]", "localhost"] {
        let mut config = config(Model::ThreadPool, "binary");
        config.listen = format!("udp://{host}:0");
        let server = Running::bind(&config);
        assert_eq!(server.client().echo("six").unwrap(), "six");
    }
}

#[test]
fn services_are_told_apart() {
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    let processor = Multiplexed::new().service("Probe", probe);
    let config = config(Model::ThreadPool, "binary");
    let server = Running::bind_with(&config, processor, handler);
    let client = server.client();
    assert!(client.echo("nobody's").is_err());
    let client = client.with(|client| client.service("Probe"));
    assert_eq!(client.echo("hello").unwrap(), "hello");
}

/// Keeps who calls.
struct Curious(Probe, Arc<Mutex<Vec<Peer>>>);

impl Processor for Curious {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        self.0.protocols()
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        self.1.lock().push(cx.peer().clone());
        self.0.process(request, reply, cx)
    }
}

#[test]
fn handlers_know_where_a_call_comes_from() {
    let peers = Arc::default();
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    let processor = Curious(probe, Arc::clone(&peers));
    let server = Running::bind_with(&config(Model::Simple, "binary"), processor, handler);
    let socket = crate::raw::socket(&server);
    socket.send(&crate::raw::echo("binary", "me")).unwrap();
    crate::raw::answer(&socket, "binary");
    assert_eq!(*peers.lock(), [Peer::Udp(socket.local_addr().unwrap())]);
}

#[test]
fn the_system_is_told_how_much_to_keep() {
    let udp = ServerUdp::default().receive_buffer_bytes(40_000);
    let server = Running::bind(&config(Model::Simple, "binary").udp(udp));
    assert_eq!(server.client().echo("kept").unwrap(), "kept");
}
