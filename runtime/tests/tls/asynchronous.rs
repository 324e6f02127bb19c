//! Clients and servers of futures, over TLS.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::{ClientTimeouts, ClientTls, Dispatch, ServerTimeouts};
use seapink::processor::Processor;
use seapink::rustls::version::TLS12;
use seapink::server::{AsyncServer, AsyncServerHandle};
use seapink::transport::{AsyncStream, SocketStream};
use seapink::{AsyncClient, ClientConfig, Delivery, Error, ErrorKind, Result, ServerConfig};
use tokio::runtime::Runtime;

use crate::identity::{Who, ask};
use crate::lab::{Bare, Lab, echo, plain_to, tcp, until_closed};
use crate::support::{AGES, Failure, MODELS, Probe, ProbeClient, Running, eventually, within};

/// A server on a runtime of its own.
struct Async {
    runtime: Runtime,
    handle: AsyncServerHandle,
}

impl Async {
    fn bind(config: &ServerConfig, processor: impl Processor + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let inside = runtime.enter();
        let server = AsyncServer::bind_blocking(config, processor).unwrap();
        drop(inside);
        let handle = server.handle();
        runtime.spawn(server.run());
        Self { runtime, handle }
    }

    fn of(lab: &Lab) -> Self {
        Self::bind(&tcp().tls(lab.server_tls()), Probe::default())
    }

    fn address(&self) -> String {
        self.handle.local_addr().to_string()
    }

    fn client_config(&self, lab: &Lab) -> ClientConfig {
        ClientConfig::new(self.address()).tls(lab.client_tls())
    }
}

/// A client whose calls a test waits for.
struct Waiting<'a>(&'a Runtime, AsyncClient);

impl<'a> Waiting<'a> {
    fn connect(runtime: &'a Runtime, config: &ClientConfig) -> Result<Self> {
        let client = runtime.block_on(AsyncClient::connect(config))?;
        Ok(Self(runtime, client))
    }

    fn echo(&self, text: &str) -> Result<String, Failure> {
        let call = self.1.call("echo", &[(1, "text")], (text,));
        self.0
            .block_on(async { tokio::time::timeout(AGES, call).await.unwrap() })
    }
}

const SIZES: [usize; 6] = [0, 1, 100, 16 * 1024, 70_000, 3 << 20];

#[test]
fn blocking_clients_of_an_async_server() {
    let lab = Lab::new();
    for dispatch in [Dispatch::Inline, Dispatch::Workers] {
        let config = tcp().tls(lab.server_tls()).dispatch(dispatch);
        let server = Async::bind(&config, Probe::default());
        for tls in [
            lab.client_tls(),
            ClientTls::ready(lab.rustls_of(&[&TLS12]).into()),
        ] {
            let config = ClientConfig::new(server.address()).tls(tls);
            let client = ProbeClient::connect(&config).unwrap();
            for size in SIZES {
                let text = "x".repeat(size);
                assert_eq!(client.echo(&text).unwrap(), text);
            }
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
        assert_eq!(server.handle.stats().connections_failed, 0);
    }
}

#[test]
fn async_clients_of_every_server() {
    let lab = Lab::new();
    let asynchronous = Async::of(&lab);
    let blocking: Vec<_> = MODELS.iter().map(|model| lab.server(*model)).collect();
    let addresses = blocking
        .iter()
        .map(|server| server.handle.local_addr().to_string());
    for address in addresses.chain([asynchronous.address()]) {
        let config = ClientConfig::new(address).tls(lab.client_tls());
        let client = Waiting::connect(&asynchronous.runtime, &config).unwrap();
        for size in SIZES {
            let text = "x".repeat(size);
            assert_eq!(client.echo(&text).unwrap(), text);
        }
        let calls = (0..40).map(|turn: usize| {
            let client = client.1.clone();
            asynchronous.runtime.spawn(async move {
                let text = format!("{turn} ").repeat(1 + turn * turn * 40);
                let call = client.call::<_, String, Failure>("echo", &[(1, "text")], (&*text,));
                assert_eq!(call.await.unwrap(), text);
            })
        });
        for call in calls.collect::<Vec<_>>() {
            let call = async { tokio::time::timeout(AGES, call).await.unwrap() };
            asynchronous.runtime.block_on(call).unwrap();
        }
    }
}

/// Streams that a program makes, and a server's name that it gives.
#[test]
fn over_any_stream() {
    let lab = Lab::new();
    let server = Async::of(&lab);
    let (address, config) = (server.address(), lab.client_tls().server_name("localhost"));
    let address = address.strip_prefix("tcp://").unwrap().to_owned();
    server.runtime.block_on(async {
        let config = ClientConfig::default().tls(config);
        let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let over = AsyncClient::<seapink::Standard>::over(stream, &config).unwrap();
        let connect = move || {
            let address = address.clone();
            async move {
                let stream = tokio::net::TcpStream::connect(address).await?;
                Ok(AsyncStream::new(stream, seapink::Peer::Local))
            }
        };
        let with = AsyncClient::with_connector(connect, &config).await.unwrap();
        for client in [over, with] {
            let call = client.call::<_, String, Failure>("echo", &[(1, "text")], ("x",));
            assert_eq!(call.await.unwrap(), "x");
        }
    });
}

#[test]
fn handlers_know_the_certificate_of_the_client() {
    let lab = Lab::new();
    lab.issue_client("alice");
    let config = tcp().tls(lab.server_tls().client_ca(lab.path("ca.pem")));
    let server = Async::bind(&config, Who);
    let config = ClientConfig::new(server.address()).tls(lab.client_tls_of("alice"));
    let client = seapink::client::Client::connect(&config).unwrap();
    for _ in 0..2 {
        let who = ask(&client);
        assert!(who.contains("1 certificates, Some(\"alice\")"), "{who}");
    }
    // Who shows none is not let in.
    let config = ClientConfig::new(server.address()).tls(lab.client_tls());
    let result = Waiting::connect(&server.runtime, &config);
    let error = match result {
        // In TLS 1.3, the client has done its part before the server looks.
        Ok(client) => client.echo("x").unwrap_err().other(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

#[test]
fn peers_that_do_not_get_on_with_the_handshake_are_closed() {
    let lab = Lab::new();
    let timeouts = ServerTimeouts::default().handshake_ms(200);
    let config = tcp().tls(lab.server_tls()).timeouts(timeouts);
    let server = Async::bind(&config, Probe::default());
    let begun = Instant::now();
    let mut silent = plain_to(&server.address());
    let mut drip = Bare::over(plain_to(&server.address()), lab.rustls());
    let client = Waiting::connect(&server.runtime, &server.client_config(&lab)).unwrap();
    assert_eq!(client.echo("on").unwrap(), "on");
    let mut hello = Vec::new();
    drip.tls.write_tls(&mut hello).unwrap();
    let dripping = thread::spawn(move || {
        for byte in &hello[..hello.len() - 1] {
            if drip.socket.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        until_closed(&mut drip.socket);
    });
    assert_eq!(until_closed(&mut silent), b"");
    within(move || dripping.join().unwrap());
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let mut stranger = plain_to(&server.address());
    stranger
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let answer = until_closed(&mut stranger);
    assert!(answer.starts_with(&[0x15, 3]), "{answer:?}");
    eventually("all are counted", || {
        server.handle.stats().connections_failed == 3
    });
    // Who has shaken hands may be idle for longer.
    assert_eq!(client.echo("still on").unwrap(), "still on");
}

#[test]
fn a_server_says_goodbye() {
    let lab = Lab::new();
    let server = Async::of(&lab);
    let mut bare = Bare::over(plain_to(&server.address()), lab.rustls());
    bare.handshake();
    let (call, reply) = echo("short");
    bare.send(&call.repeat(3));
    bare.receive(3 * reply);
    server.runtime.block_on(server.handle.shutdown(AGES));
    assert_eq!(bare.end().unwrap(), 0);
    assert_eq!(server.handle.stats().connections_failed, 0);
}

/// Many peers do not say goodbye, which is no failure between two messages.
#[test]
fn a_connection_cut_between_messages_was_closed() {
    let lab = Lab::new();
    let server = Async::of(&lab);
    let mut bare = Bare::over(plain_to(&server.address()), lab.rustls());
    bare.handshake();
    let (call, reply) = echo("short");
    bare.send(&call);
    bare.receive(reply);
    bare.cut();
    eventually("it is gone", || server.handle.stats().connections_open == 0);
    assert_eq!(server.handle.stats().connections_failed, 0);
}

/// The server has closed the connection while the client was idle, or has gone.
#[test]
fn a_client_connects_again() {
    let lab = Lab::new();
    let timeouts = ServerTimeouts::default().idle_ms(30);
    let config = tcp().tls(lab.server_tls()).timeouts(timeouts);
    let server = Async::bind(&config, Probe::default());
    let client = Waiting::connect(&server.runtime, &server.client_config(&lab)).unwrap();
    for turn in 1..4 {
        assert_eq!(client.echo("x").unwrap(), "x");
        eventually("it is closed", || {
            server.handle.stats().connections_open == 0
        });
        assert_eq!(server.handle.stats().connections_accepted, turn);
    }
}

fn fails(runtime: &Runtime, config: &ClientConfig) -> Error {
    let error = Waiting::connect(runtime, config).err().unwrap();
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    error
}

#[test]
fn a_server_that_is_not_the_one_is_an_error_in_words() {
    let lab = Lab::new();
    let server = Async::of(&lab);
    let config = server.client_config(&lab);
    let other = config
        .clone()
        .tls(lab.client_tls().server_name("example.org"));
    let error = fails(&server.runtime, &other);
    assert_eq!(error.kind(), ErrorKind::Tls);
    let text = "no TLS with `example.org` at ";
    assert!(error.to_string().starts_with(text), "{error}");
    assert!(
        error.to_string().contains("it is for `localhost`"),
        "{error}"
    );

    let plain = Running::bind(&tcp());
    let config = config.clone();
    let to_plain = ClientConfig::new(plain.handle.local_addr().to_string()).tls(lab.client_tls());
    let error = fails(&server.runtime, &to_plain);
    let hint = "the server closed the connection during the handshake; does it speak TLS there?";
    assert!(error.to_string().ends_with(hint), "{error}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", silent.local_addr().unwrap());
    let timeouts = ClientTimeouts::default().connect_ms(50);
    let to_silent = ClientConfig::new(address)
        .tls(lab.client_tls())
        .timeouts(timeouts);
    let error = fails(&server.runtime, &to_silent);
    assert_eq!(error.kind(), ErrorKind::Timeout);

    // Nothing of all that concerns those who get it right.
    let client = Waiting::connect(&server.runtime, &config).unwrap();
    assert_eq!(client.echo("x").unwrap(), "x");
}

#[test]
fn a_reply_that_is_cut_is_an_error() {
    let lab = Lab::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let rustls = lab.rustls_server();
    let serving = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut tls = seapink::rustls::ServerConnection::new(rustls).unwrap();
        let mut stream = seapink::rustls::Stream::new(&mut tls, &mut socket);
        stream.read_exact(&mut [0; 4]).unwrap();
        // Half of a frame, and no goodbye.
        stream.write_all(&[0, 0, 0, 9, 1, 2]).unwrap();
        drop(SocketStream::tcp(socket));
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ClientConfig::new(address).tls(lab.client_tls());
    let client = Waiting::connect(&runtime, &config).unwrap();
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.delivery(), Delivery::Sent);
    serving.join().unwrap();
}

#[test]
fn a_configuration_that_is_wrong_is_one_sentence() {
    let lab = Lab::new();
    let runtime = Runtime::new().unwrap();
    let inside = runtime.enter();
    let missing = lab.server_tls_of("nowhere");
    let error = AsyncServer::bind_blocking(&tcp().tls(missing), Probe::default());
    let error = error.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("server.tls.certificate"),
        "{error}"
    );
    drop(inside);
    let tls = lab.client_tls().ca(lab.path("nowhere.pem"));
    let config = ClientConfig::new("tcp://localhost:1").tls(tls);
    let error = Waiting::connect(&runtime, &config).err().unwrap();
    assert!(error.to_string().contains("client.tls.ca"), "{error}");
}
