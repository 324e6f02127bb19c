//! Every transport with every protocol on every model.

use seapink::ServerConfig;
use seapink::config::Model;

use crate::names::transports;
use crate::support::{MODELS, ProbeClient, Running, WithUser};

fn config(model: Model, transport: &str, protocol: &str) -> ServerConfig {
    let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
    let config = config.transport(transport).protocol(protocol);
    config.with_user(transport)
}

/// Some of everything over one connection.
pub(crate) fn talk(client: &ProbeClient) {
    assert_eq!(client.echo("hello").unwrap(), "hello");
    client.note("one").unwrap();
    client.note("two").unwrap();
    assert!(client.fail("declared").is_err());
    assert!(client.unknown().is_err());
    let text = "x".repeat(200_000);
    assert_eq!(client.echo(&text).unwrap(), text);
    assert_eq!(client.big(200_000).unwrap().len(), 200_000);
    client.note("three").unwrap();
    assert_eq!(client.echo("").unwrap(), "");
}

#[test]
fn calls_small_and_large() {
    for transport in transports() {
        for protocol in ["binary", "compact", "json"] {
            if transport.ends_with("header") && protocol == "json" {
                continue;
            }
            for model in MODELS {
                let server = Running::bind(&config(model, transport, protocol));
                talk(&server.client());
                for note in ["one", "two", "three"] {
                    server.handler.until_noted(note);
                }
                let stats = server.handle.stats();
                assert_eq!(
                    (stats.connections_accepted, stats.connections_failed),
                    (1, 0),
                    "{transport} {protocol} {}",
                    model.name()
                );
            }
        }
    }
}

#[test]
fn heads_say_the_protocol_wherever_they_stand() {
    let headed = transports()
        .into_iter()
        .filter(|name| name.ends_with("header"));
    for transport in headed {
        for model in MODELS {
            let server = Running::bind(&config(model, transport, "auto"));
            for protocol in ["compact", "binary"] {
                let config = server.client_config().protocol(protocol);
                talk(&server.client_with(&config));
            }
        }
    }
}

#[test]
fn threads_share_a_client() {
    for transport in transports() {
        for model in MODELS {
            let server = Running::bind(&config(model, transport, "binary"));
            let client = server.client();
            std::thread::scope(|scope| {
                for thread in 0..8 {
                    let client = &client;
                    scope.spawn(move || {
                        for turn in 0..25 {
                            let text = format!("{thread}.{turn} ").repeat(1 + turn * turn);
                            assert_eq!(client.echo(&text).unwrap(), text);
                        }
                    });
                }
            });
            assert_eq!(server.handle.stats().connections_accepted, 1, "{transport}");
        }
    }
}

/// More than one of them is sent before any is waited for.
#[test]
fn one_thread_has_many_calls() {
    for transport in transports() {
        for model in MODELS {
            let server = Running::bind(&config(model, transport, "compact"));
            let client = server.client();
            let texts: Vec<_> = (0..20)
                .map(|turn| turn.to_string().repeat(10_000))
                .collect();
            let sent: Vec<_> = texts
                .iter()
                .map(|text| client.send_echo(text).unwrap())
                .collect();
            for (pending, text) in sent.into_iter().zip(&texts) {
                assert_eq!(pending.wait().unwrap(), *text, "{transport}");
            }
        }
    }
}

#[test]
fn over_memory_with_little_room() {
    for transport in transports() {
        for model in MODELS {
            let server = Running::memory(&config(model, transport, "binary"));
            let narrow = server.connector().clone().capacity(99);
            let client = seapink::Client::with_connector(narrow, &server.client_config());
            let client = ProbeClient(client.unwrap());
            for size in [0, 1, 98, 99, 100, 5_000] {
                let text = "x".repeat(size);
                assert_eq!(client.echo(&text).unwrap(), text, "{transport}");
            }
            client.note("narrow").unwrap();
            server.handler.until_noted("narrow");
        }
    }
}

#[test]
fn a_shutdown_loses_nothing() {
    for transport in transports() {
        for model in MODELS {
            let server = Running::bind(&config(model, transport, "binary"));
            let client = server.client();
            assert_eq!(client.echo("x").unwrap(), "x");
            let waiting = client.send_wait().unwrap();
            server.handler.until_waiting(1);
            let handle = server.handle.clone();
            let stopping = std::thread::spawn(move || handle.shutdown(crate::support::AGES));
            server.handler.release();
            assert!(waiting.wait().is_ok(), "{transport} {}", model.name());
            assert_eq!(stopping.join().unwrap().connections_cut, 0);
        }
    }
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for transport in transports() {
        talk_async(
            &runtime,
            &config(Model::Simple, transport, "binary"),
            transport,
        );
    }
}

/// Some of everything over a connection of futures, to a server of futures.
#[cfg(feature = "tokio")]
pub(crate) fn talk_async(runtime: &tokio::runtime::Runtime, config: &ServerConfig, name: &str) {
    use seapink::{AsyncClient, AsyncServer, ClientConfig};

    use crate::support::{Failure, Probe};

    runtime.block_on(async {
        let probe = Probe::default();
        let handler = std::sync::Arc::clone(&probe.0);
        let server = AsyncServer::bind_blocking(config, probe).unwrap();
        let address = server.local_addr().to_string();
        tokio::spawn(server.run());
        let transport = &*config.transport;
        let config = ClientConfig::new(address).transport(transport);
        let config = config.with_user(transport);
        let client = AsyncClient::<seapink::Standard>::connect(&config)
            .await
            .unwrap();
        let note = |text: &'static str| client.oneway("note", &[(1, "text")], (text,));
        note("one").await.unwrap();
        for size in [0, 1, 100, 100_000, 1 << 20] {
            let text = "x".repeat(size);
            let call = client.call::<_, String, Failure>("echo", &[(1, "text")], (&*text,));
            assert_eq!(call.await.unwrap(), text, "{name}");
        }
        note("two").await.unwrap();
        let calls = (0..30).map(|turn: usize| {
            let client = client.clone();
            tokio::spawn(async move {
                let text = turn.to_string().repeat(turn * 100);
                let call = client.call::<_, String, Failure>("echo", &[(1, "text")], (&*text,));
                assert_eq!(call.await.unwrap(), text);
            })
        });
        for call in calls.collect::<Vec<_>>() {
            let call = tokio::time::timeout(crate::support::AGES, call);
            call.await.unwrap().unwrap();
        }
        tokio::task::spawn_blocking(move || {
            handler.until_noted("one");
            handler.until_noted("two");
        })
        .await
        .unwrap();
        let blocking = ProbeClient::connect(&config).unwrap();
        tokio::task::spawn_blocking(move || talk(&blocking))
            .await
            .unwrap();
    });
}
