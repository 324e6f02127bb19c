//! How encrypted connections end.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use seapink::config::ServerTimeouts;
use seapink::rustls::{self, ServerConnection};
use seapink::{ClientConfig, ErrorKind};

use crate::lab::{Lab, echo};
use crate::support::{AGES, Failure, MODELS, ProbeClient, Running, eventually, within};

#[test]
fn a_connection_cut_inside_a_message_has_failed() {
    let lab = Lab::new();
    let (call, reply) = echo("hello");
    for model in MODELS {
        let server = lab.server(model);
        let mut bare = lab.bare(&server);
        bare.send(&call);
        bare.receive(reply);
        bare.send(&call[..call.len() - 1]);
        bare.cut();
        eventually("it is counted", || {
            let stats = server.handle.stats();
            (stats.connections_open, stats.connections_failed) == (0, 1)
        });
        // With a goodbye it is no better.
        let mut bare = lab.bare(&server);
        bare.send(&call[..1]);
        bare.tls.send_close_notify();
        bare.send(b"");
        eventually("it is counted", || {
            let stats = server.handle.stats();
            (stats.connections_open, stats.connections_failed) == (0, 2)
        });
    }
}

#[test]
fn a_connection_cut_between_messages_was_closed() {
    let lab = Lab::new();
    let (call, reply) = echo("hello");
    for model in MODELS {
        let server = lab.server(model);
        for goodbye in [true, false] {
            let mut bare = lab.bare(&server);
            bare.send(&call);
            bare.receive(reply);
            if goodbye {
                bare.tls.send_close_notify();
                bare.send(b"");
                // The server says the same.
                assert_eq!(bare.end().unwrap(), 0);
            } else {
                bare.cut();
            }
            eventually("it is closed", || {
                server.handle.stats().connections_open == 0
            });
        }
        assert_eq!(server.handle.stats().connections_failed, 0);
    }
}

#[test]
fn a_server_says_goodbye() {
    let lab = Lab::new();
    let (call, reply) = echo("hello");
    for model in MODELS {
        let timeouts = ServerTimeouts::default().idle_ms(100);
        let server = Running::bind(&lab.server_config(model).timeouts(timeouts));
        let mut bare = lab.bare(&server);
        bare.send(&call);
        bare.receive(reply);
        // It is idle for too long.
        assert_eq!(bare.end().unwrap(), 0);

        let mut server = lab.server(model);
        let mut bare = lab.bare(&server);
        bare.send(&call);
        bare.receive(reply);
        server.shutdown(AGES);
        assert_eq!(bare.end().unwrap(), 0);
    }
}

#[test]
fn a_server_shuts_down_gracefully() {
    let lab = Lab::new();
    for model in MODELS {
        let mut server = lab.server(model);
        let busy = lab.client(&server);
        let call = thread::spawn(move || busy.wait());
        server.handler.until_waiting(1);
        // The model `simple` is busy.
        let others = if model == seapink::config::Model::Simple {
            0
        } else {
            3
        };
        let idle: Vec<_> = (0..others).map(|_| lab.client(&server)).collect();
        for client in &idle {
            client.echo("hello").unwrap();
        }
        let handle = server.handle.clone();
        let stopping = thread::spawn(move || handle.shutdown(AGES));
        eventually("the idle ones are closed", || {
            server.handle.stats().connections_open == 1
        });
        server.handler.release();
        assert_eq!(within(move || call.join().unwrap()).unwrap(), "waited");
        let report = within(move || stopping.join().unwrap());
        assert_eq!(report.connections_cut, 0);
        server.join();
        assert_eq!(server.handle.stats().connections_failed, 0);
    }
}

#[test]
fn a_client_connects_again_after_the_server_has_closed() {
    let lab = Lab::new();
    for model in MODELS {
        let timeouts = ServerTimeouts::default().idle_ms(50);
        let server = Running::bind(&lab.server_config(model).timeouts(timeouts));
        let client = lab.client(&server);
        for turn in 1..=3 {
            client.echo("hello").unwrap();
            assert_eq!(server.handle.stats().connections_accepted, turn);
            eventually("it is closed", || {
                server.handle.stats().connections_open == 0
            });
        }
    }
}

/// A server made of `rustls`, for one connection.
fn bare_server(
    lab: &Lab,
    serve: impl FnOnce(&mut rustls::StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
) -> (ClientConfig, thread::JoinHandle<()>) {
    let config = lab.rustls_server();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(AGES)).unwrap();
        let session = ServerConnection::new(config).unwrap();
        serve(&mut rustls::StreamOwned::new(session, socket));
    });
    (ClientConfig::new(address).tls(lab.client_tls()), thread)
}

#[test]
fn a_client_says_goodbye() {
    let lab = Lab::new();
    let (config, thread) = bare_server(&lab, |stream| {
        let mut bytes = Vec::new();
        // Without the goodbye it fails.
        stream.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"");
    });
    drop(ProbeClient::connect(&config).unwrap());
    within(move || thread.join().unwrap());
}

#[test]
fn a_reply_that_is_cut_is_an_error() {
    let lab = Lab::new();
    let (call, _) = echo("hello");
    for goodbye in [true, false] {
        let bytes = call.len();
        let (config, thread) = bare_server(&lab, move |stream| {
            stream.read_exact(&mut vec![0; bytes]).unwrap();
            stream.write_all(b"\0\0\0\x40\x80\x01\0\x02").unwrap();
            if goodbye {
                stream.conn.send_close_notify();
            }
            stream.flush().unwrap();
        });
        let client = ProbeClient::connect(&config).unwrap();
        let error = client.echo("hello").unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        let hint = "the peer closed it without TLS's close_notify";
        assert_eq!(error.to_string().ends_with(hint), !goodbye, "{error}");
        within(move || thread.join().unwrap());
    }
}

#[test]
fn changed_bytes_are_noticed() {
    let lab = Lab::new();
    let (call, _) = echo("hello");
    for model in MODELS {
        let server = lab.server(model);
        let mut bare = lab.bare(&server);
        let mut bytes = bare.encrypt(&call);
        *bytes.last_mut().unwrap() ^= 1;
        bare.socket.write_all(&bytes).unwrap();
        let error = bare.end().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        eventually("it is counted", || {
            server.handle.stats().connections_failed == 1
        });
        assert_eq!(server.handle.stats().replies, 0);
    }
}

#[test]
fn a_server_that_never_reads_ends_the_call_at_its_deadline() {
    let lab = Lab::new();
    let (config, thread) = bare_server(&lab, |stream| {
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        thread::sleep(Duration::from_millis(600));
    });
    let client = ProbeClient::connect(&config).unwrap();
    let client = client.with(|client| client.with_timeout(Duration::from_millis(300)));
    let begun = std::time::Instant::now();
    let text = "x".repeat(15 << 20);
    let error = client.echo(&text).map_err(Failure::other).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    within(move || thread.join().unwrap());
}
