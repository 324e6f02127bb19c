//! Memory that is shared: nobody waits for a byte that somebody else has taken.

use seapink::config::{Dispatch, Model, ServerShm};
use seapink::{ErrorKind, ServerConfig};

use crate::shm_peer::ShmPeer;
use crate::support::{MODELS, Running, eventually};

fn config(folder: &tempfile::TempDir, model: Model) -> ServerConfig {
    let path = folder.path().join(model.name());
    ServerConfig::new(format!("shm://{}", path.display())).model(model)
}

/// Each of them wakes somebody.
#[test]
fn small_calls_go_on_and_on() {
    let folder = tempfile::tempdir().unwrap();
    for model in MODELS {
        let server = Running::bind(&config(&folder, model));
        let client = server.client();
        for call in 0..2000 {
            let text = call.to_string();
            assert_eq!(client.echo(&text).unwrap(), text, "{}", model.name());
        }
    }
}

#[test]
fn messages_are_larger_than_the_rings() {
    let folder = tempfile::tempdir().unwrap();
    for model in MODELS {
        let config = config(&folder, model).shm(ServerShm::default().ring_bytes(4096));
        let server = Running::bind(&config);
        let client = server.client();
        for size in [5_000, 1 << 22, 100, 1 << 20] {
            let text = "x".repeat(size);
            assert!(client.echo(&text).unwrap() == text, "{}", model.name());
        }
    }
}

/// While one call's answer waits for room, others arrive.
#[test]
fn calls_and_answers_pass_each_other_in_small_rings() {
    let folder = tempfile::tempdir().unwrap();
    for model in MODELS {
        let config = config(&folder, model).shm(ServerShm::default().ring_bytes(4096));
        let server = Running::bind(&config);
        let client = server.client();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..100 {
                        let text = format!("{thread}.{turn} ").repeat(turn * 30);
                        assert!(client.echo(&text).unwrap() == text, "{}", model.name());
                    }
                });
            }
        });
    }
}

#[cfg(feature = "tokio")]
#[test]
fn futures_miss_no_wake_up() {
    use seapink::{AsyncClient, AsyncServer, ClientConfig};

    use crate::support::{AGES, Failure, Probe};

    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder, Model::Simple).shm(ServerShm::default().ring_bytes(4096));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = AsyncServer::bind_blocking(&config, Probe::default()).unwrap();
        let address = server.local_addr().to_string();
        tokio::spawn(server.run());
        let text = "x".repeat(20_000);
        let clients = (0..2).map(|_| {
            let (address, text) = (address.clone(), text.clone());
            tokio::spawn(async move {
                let config = ClientConfig::new(address);
                let client = AsyncClient::<seapink::Standard>::connect(&config).await;
                let client = client.unwrap();
                for _ in 0..1500 {
                    let call = client.call::<_, String, Failure>("echo", &[(1, "text")], (&*text,));
                    assert!(call.await.unwrap() == text);
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            tokio::time::timeout(AGES, client).await.unwrap().unwrap();
        }
    });
}

/// The tables of the page are all that somebody knows who has no Seapink.
#[test]
fn a_client_can_be_written_by_the_page() {
    let folder = tempfile::tempdir().unwrap();
    for model in MODELS {
        let server = Running::bind(&config(&folder, model));
        let mut peer = ShmPeer::connect(folder.path().join(model.name()));
        for id in 1..=3 {
            let text = b"\x0b\0\x01\0\0\0\x02hi\0";
            peer.send(&ShmPeer::message(1, "echo", id, text));
            let result = b"\x0b\0\0\0\0\0\x02hi\0";
            let reply = ShmPeer::message(2, "echo", id, result);
            assert_eq!(peer.read(reply.len()), reply, "{}", model.name());
        }
        drop(server);
        assert!(peer.until_closed(), "{}", model.name());
    }
}

/// Whoever looks into the socket for wake-ups finds them, too.
#[test]
fn bytes_in_the_socket_during_a_call_close_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let inline = config(&folder, Model::Nonblocking).dispatch(Dispatch::Inline);
    let configs = MODELS.map(|model| config(&folder, model));
    for config in configs.into_iter().chain([inline]) {
        let server = Running::bind(&config);
        let path = config.listen.strip_prefix("shm://").unwrap();
        let mut peer = ShmPeer::connect(path);
        peer.send(&ShmPeer::message(1, "wait", 1, b"\0"));
        server.handler.until_waiting(1);
        peer.say(b"x");
        server.handler.release();
        let (model, dispatch) = (config.model, config.dispatch);
        assert!(peer.until_closed(), "{model:?} {dispatch:?}");
        let stats = || server.handle.stats();
        eventually("it is counted", || stats().connections_failed == 1);
        assert_eq!(stats().connections_failed_by(ErrorKind::Malformed), 1);
    }
}
