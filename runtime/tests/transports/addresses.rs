//! Every kind of address but that of TCP, which `matrix` has, with each kind of transport on every model.

use std::sync::{Arc, Mutex};

use seapink::ServerConfig;
use seapink::client::ConnectionEvent;
use seapink::config::Model;

use crate::matrix::talk;
use crate::names::transports;
use crate::support::{Failure, MODELS, ProbeClient, Running, WithUser};

/// What there is in this build, in a folder of its own.
fn addresses(folder: &tempfile::TempDir) -> Vec<String> {
    let path = folder.path().join("probe").display().to_string();
    let mut addresses = Vec::new();
    if cfg!(unix) {
        addresses.push(format!("unix://{path}.sock"));
    }
    if cfg!(target_os = "linux") {
        addresses.push(format!("abstract://{path}"));
    }
    if cfg!(all(target_os = "linux", feature = "shm")) {
        addresses.push(format!("shm://{path}.shm"));
    }
    addresses
}

fn each(test: impl Fn(&ServerConfig, &str)) {
    // One layer is enough.
    let plain = |name: &&str| !name.starts_with("zlib") || *name == "zlib+header";
    for transport in transports().into_iter().filter(plain) {
        let folder = tempfile::tempdir().unwrap();
        for address in addresses(&folder) {
            let config = ServerConfig::new(&*address).transport(transport);
            let config = config.with_user(transport);
            test(&config, &format!("{address} {transport}"));
        }
    }
}

fn each_on_every_model(test: impl Fn(&ServerConfig, &str)) {
    each(|config, name| {
        for model in MODELS {
            test(
                &config.clone().model(model),
                &format!("{name} {}", model.name()),
            );
        }
    });
}

#[test]
fn each_kind_of_address_has_a_peer_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for address in addresses(&folder) {
        let server = Running::bind(&ServerConfig::new(&*address));
        let peers = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&peers);
        let config = server.client_config().on_connection(move |event| {
            if let ConnectionEvent::Up { peer, .. } = event {
                seen.lock().unwrap().push(peer.to_string());
            }
        });
        let client = ProbeClient::connect(&config).unwrap();
        assert_eq!(client.echo("x").unwrap(), "x");
        let expected = if address.starts_with("shm:") {
            "shm"
        } else {
            "unix"
        };
        assert_eq!(*peers.lock().unwrap(), [expected], "{address}");
    }
}

#[test]
fn calls_small_and_large() {
    each_on_every_model(|config, name| {
        let server = Running::bind(config);
        for _ in 0..3 {
            talk(&server.client());
        }
        for note in ["one", "two", "three"] {
            server.handler.until_noted(note);
        }
        let stats = server.handle.stats();
        let counted = (stats.connections_accepted, stats.connections_failed);
        assert_eq!(counted, (3, 0), "{name}");
    });
}

#[test]
fn threads_share_a_client() {
    each_on_every_model(|config, name| {
        let server = Running::bind(config);
        let client = server.client();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..10 {
                        let text = format!("{thread}.{turn} ").repeat(1 + turn * turn * turn);
                        assert_eq!(client.echo(&text).unwrap(), text);
                    }
                });
            }
        });
        assert_eq!(server.handle.stats().connections_accepted, 1, "{name}");
    });
}

/// Both sides write more than there is room for before either reads.
#[test]
fn one_thread_has_many_calls() {
    each_on_every_model(|config, name| {
        let server = Running::bind(config);
        let client = server.client();
        let texts: Vec<_> = (0..10)
            .map(|turn| turn.to_string().repeat(100_000))
            .collect();
        let sent: Vec<_> = texts
            .iter()
            .map(|text| client.send_echo(text).unwrap())
            .collect();
        for (pending, text) in sent.into_iter().zip(&texts) {
            let reply = pending.wait().map_err(Failure::other);
            let reply = reply.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(reply == *text, "{name}");
        }
    });
}

#[test]
fn several_clients_at_a_time() {
    each_on_every_model(|config, _| {
        if config.model == Model::Simple {
            return;
        }
        let server = Running::bind(config);
        let clients: Vec<_> = (0..4).map(|_| server.client()).collect();
        std::thread::scope(|scope| {
            for client in &clients {
                scope.spawn(|| {
                    for _ in 0..2 {
                        talk(client);
                    }
                });
            }
        });
    });
}

#[test]
fn a_shutdown_loses_nothing() {
    each_on_every_model(|config, name| {
        let server = Running::bind(config);
        let client = server.client();
        assert_eq!(client.echo("x").unwrap(), "x");
        let waiting = client.send_wait().unwrap();
        server.handler.until_waiting(1);
        let handle = server.handle.clone();
        let stopping = std::thread::spawn(move || handle.shutdown(crate::support::AGES));
        server.handler.release();
        assert!(waiting.wait().is_ok(), "{name}");
        assert_eq!(stopping.join().unwrap().connections_cut, 0);
    });
}

/// Idle connections are closed, and clients connect again when there is a server again.
#[test]
fn an_idle_client_finds_the_next_server() {
    each_on_every_model(|config, name| {
        let mut server = Running::bind(config);
        let client = server.client();
        assert_eq!(client.echo("x").unwrap(), "x");
        let report = server.shutdown(crate::support::AGES);
        assert_eq!(report.connections_cut, 0, "{name}");
        assert!(client.echo("x").is_err(), "{name}");
    });
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    each(|config, name| crate::matrix::talk_async(&runtime, config, name));
}

/// A client with shared memory and a server without would wait for each other.
#[cfg(all(target_os = "linux", feature = "shm"))]
#[test]
fn a_client_that_shares_memory_is_named_where_nobody_does() {
    use seapink::{ClientConfig, ErrorKind};

    use crate::support::{ProbeClient, eventually};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calc.sock");
    let at = |scheme: &str| format!("{scheme}://{}", path.display());
    for transport in ["framed", "buffered", "auto"] {
        let config = ServerConfig::new(at("unix")).transport(transport);
        let server = Running::bind(&config.model(Model::Threaded));
        let error = ProbeClient::connect(&ClientConfig::new(at("shm")))
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        let text = "before it passed memory; does the server listen there with `shm://`?";
        assert!(error.to_string().ends_with(text), "{error}");
        eventually("it is named", || {
            server.handle.stats().connections_foreign == 1
        });
    }
}
