//! Every model serves calls over TLS.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use seapink::config::{ClientTls, Dispatch, Model};
use seapink::rustls::version::TLS12;
use seapink::transport::SocketListener;
use seapink::{ClientConfig, Server, ServerConfig, TlsVersion};

use crate::lab::{Lab, echo, tcp};
use crate::names::transports;
use crate::support::{AGES, MODELS, Probe, ProbeClient, Running, WithUser};

/// Some of everything over one connection.
fn talk(client: &ProbeClient) {
    assert_eq!(client.echo("hello").unwrap(), "hello");
    client.note("over TLS").unwrap();
    assert!(client.fail("declared").is_err());
    let text = "x".repeat(1 << 20);
    assert_eq!(client.echo(&text).unwrap(), text);
    assert_eq!(client.big(1 << 20).unwrap().len(), 1 << 20);
    assert_eq!(client.echo("").unwrap(), "");
}

#[test]
fn calls_small_and_large_on_every_model_in_both_versions() {
    let lab = Lab::new();
    for model in MODELS {
        for transport in transports() {
            let config = lab.server_config(model).transport(transport);
            let config = config.with_user(transport);
            let server = Running::bind(&config);
            talk(&lab.client(&server));
            server.handler.until_noted("over TLS");
            let older = lab.rustls_of(&[&TLS12]);
            let tls = ClientTls::ready(older.into());
            talk(&server.client_with(&server.client_config().tls(tls)));
            let stats = server.handle.stats();
            assert_eq!(stats.connections_failed, 0, "{}", model.name());
        }
    }
}

/// By the program itself, or by systemd, which passes such a one.
#[test]
fn a_listener_that_was_bound_elsewhere() {
    let lab = Lab::new();
    for model in MODELS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let listener = SocketListener::tcp(listener).unwrap();
        let config = lab.server_config(model);
        let server = Server::with_listener(listener, &config, Probe::default()).unwrap();
        let handle = server.handle();
        let thread = thread::spawn(move || server.run());
        let config = ClientConfig::new(address).tls(lab.client_tls());
        talk(&ProbeClient::connect(&config).unwrap());
        assert!(handle.shutdown(AGES).is_clean());
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn calls_of_many_threads_on_one_client() {
    let lab = Lab::new();
    for model in MODELS {
        let server = lab.server(model);
        let client = lab.client(&server);
        thread::scope(|scope| {
            for number in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..40 {
                        let text = format!("{number}.{turn} ").repeat(1 + turn * turn * 4);
                        assert_eq!(client.echo(&text).unwrap(), text);
                    }
                });
            }
        });
        assert_eq!(server.handle.stats().connections_accepted, 1);
    }
}

#[test]
fn large_calls_in_both_directions_at_the_same_time() {
    let lab = Lab::new();
    for model in MODELS {
        let server = lab.server(model);
        let client = lab.client(&server);
        let texts: Vec<_> = (0..6)
            .map(|turn| turn.to_string().repeat(1 << 20))
            .collect();
        let sent: Vec<_> = texts
            .iter()
            .map(|text| client.send_echo(text).unwrap())
            .collect();
        for (pending, text) in sent.into_iter().zip(&texts) {
            assert_eq!(pending.wait().unwrap(), *text);
        }
    }
}

#[cfg(feature = "websocket")]
#[test]
fn websocket_goes_over_it() {
    let lab = Lab::new();
    for model in MODELS {
        let config = lab.server_config(model).transport("websocket");
        let server = Running::bind(&config);
        talk(&lab.client(&server));
        let stats = server.handle.stats();
        assert_eq!(stats.connections_failed, 0, "{}", model.name());
        // Whoever comes without is closed before the request is read.
        let mut stranger = crate::lab::plain(&server);
        stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let answer = crate::lab::until_closed(&mut stranger);
        assert!(!answer.starts_with(b"HTTP"), "{}", answer.escape_ascii());
    }
}

#[test]
fn the_loop_answers_itself() {
    let lab = Lab::new();
    let config = lab.server_config(Model::Nonblocking);
    let server = Running::bind(&config.dispatch(Dispatch::Inline).io_threads(1));
    let clients: Vec<_> = (0..4).map(|_| lab.client(&server)).collect();
    for client in &clients {
        talk(client);
    }
}

#[test]
fn over_memory_and_with_little_room() {
    let lab = Lab::new();
    for model in MODELS {
        let server = Running::memory(&lab.server_config(model));
        let tls = lab.client_tls().server_name("localhost");
        let config = server.client_config().tls(tls);
        talk(&server.client_with(&config));
        let narrow = server.connector().clone().capacity(999);
        let client = seapink::Client::with_connector(narrow, &config).unwrap();
        talk(&ProbeClient(client));
    }
}

#[cfg(unix)]
#[test]
fn over_unix_sockets() {
    let lab = Lab::new();
    for model in MODELS {
        let path = lab.path(&format!("{}.sock", model.name()));
        let config = ServerConfig::new(format!("unix://{}", path.display()));
        let server = Running::bind(&config.model(model).tls(lab.server_tls()));
        let tls = lab.client_tls().server_name("localhost");
        talk(&server.client_with(&server.client_config().tls(tls)));
    }
}

#[test]
fn several_calls_in_one_record_and_one_call_in_several() {
    let lab = Lab::new();
    for model in MODELS {
        let server = lab.server(model);
        let mut bare = lab.bare(&server);
        let (call, reply) = echo("short");
        bare.send(&call.repeat(50));
        bare.receive(50 * reply);
        for byte in &call {
            bare.send(&[*byte]);
        }
        bare.receive(reply);
        // A record that arrives byte by byte.
        for byte in bare.encrypt(&call) {
            bare.socket.write_all(&[byte]).unwrap();
        }
        bare.receive(reply);
        assert_eq!(server.handle.stats().replies, 52);
    }
}

#[test]
fn new_keys_in_the_middle() {
    let lab = Lab::new();
    for model in MODELS {
        let server = lab.server(model);
        let mut bare = lab.bare(&server);
        let (call, reply) = echo("short");
        for _ in 0..3 {
            bare.tls.refresh_traffic_keys().unwrap();
            bare.send(&call);
            bare.receive(reply);
        }
    }
}

#[test]
fn the_lowest_version_is_kept() {
    let lab = Lab::new();
    let tls = lab.server_tls().version_min(TlsVersion::V1_3);
    let server = Running::bind(&tcp().tls(tls));
    talk(&lab.client(&server));
    let older = lab.rustls_of(&[&TLS12]);
    let tls = ClientTls::ready(older.into());
    let error = ProbeClient::connect(&server.client_config().tls(tls))
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .ends_with("the server refused: it speaks no version of TLS that this end does"),
        "{error}"
    );
}
