//! Every model × transport × protocol × kind of stream gives the same answers.

use seapink::config::{Dispatch, Model};
use seapink::{ApplicationCode, Delivery, ErrorKind, ProtocolSet, ServerConfig, Standard};

use crate::support::{Failure, MODELS, ProbeClient, Refused, Running};

fn configs(listen: &str) -> impl Iterator<Item = ServerConfig> {
    let listen = listen.to_owned();
    MODELS.into_iter().flat_map(move |model| {
        let listen = listen.clone();
        ["framed", "buffered"]
            .into_iter()
            .flat_map(move |transport| {
                let listen = listen.clone();
                Standard::WIRE.iter().map(move |wire| {
                    let config = ServerConfig::new(listen.clone()).model(model);
                    config.transport(transport).protocol(wire.name())
                })
            })
    })
}

fn exercise(client: &ProbeClient) {
    for text in ["", "short", &"long".repeat(50_000)] {
        assert_eq!(client.echo(text).unwrap(), text);
    }
    let refused = Refused {
        why: "declared".to_owned(),
    };
    assert!(matches!(client.fail("declared"), Err(Failure::Refused(found)) if *found == refused));
    for (how, text) in [
        ("chosen", "internal error: try later"),
        ("panic", "internal error"),
    ] {
        let error = client.fail(how).unwrap_err().other();
        assert_eq!(error.to_string(), text);
        assert_eq!(
            error.kind(),
            ErrorKind::Application(ApplicationCode::INTERNAL_ERROR)
        );
        assert_eq!(error.delivery(), Delivery::Sent);
    }
    for text in ["ok", "fail", "panic"] {
        client.note(text).unwrap();
    }
    let error = client.unknown().unwrap_err().other();
    assert_eq!(
        error.kind(),
        ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
    );
    assert_eq!(client.echo("still here").unwrap(), "still here");
    assert_eq!(client.big(100_000).unwrap(), vec![7; 100_000]);
}

fn check(running: &Running) {
    eprintln!("{:?}", running.config);
    let client = running.client();
    exercise(&client);
    // One connection has done it all: nothing above ended it.
    assert_eq!(running.handle.stats().connections_accepted, 1);
    if running.config.model != Model::Simple {
        let clients: Vec<_> = (0..4).map(|_| running.client()).collect();
        clients.iter().for_each(exercise);
    }
    let stats = running.handle.stats();
    assert_eq!(stats.connections_failed, 0);
    assert_eq!(stats.exceptions % 3, 0);
    assert_eq!(stats.oneways % 3, 0);
}

#[test]
fn over_memory() {
    for config in configs("") {
        check(&Running::memory(&config));
    }
}

#[test]
fn over_tcp() {
    for config in configs("tcp://127.0.0.1:0") {
        check(&Running::bind(&config));
    }
}

#[test]
fn over_tcp_on_the_loops_themselves() {
    for config in configs("tcp://127.0.0.1:0") {
        if config.model == Model::Nonblocking {
            check(&Running::bind(&config.dispatch(Dispatch::Inline)));
        }
    }
}

#[cfg(unix)]
#[test]
fn over_unix_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calc.sock");
    for config in configs(&format!("unix://{}", path.display())) {
        check(&Running::bind(&config));
        assert!(!path.exists());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn over_abstract_sockets() {
    for config in configs(&format!("abstract://seapink-matrix-{}", std::process::id())) {
        check(&Running::bind(&config));
    }
}
