//! Peers that do not get on with the handshake, or do not know of one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use seapink::client::Client;
use seapink::config::{ClientTimeouts, Model, ServerTimeouts};
use seapink::transport::{Connector, SocketStream, Stream};
use seapink::{ClientConfig, Delivery, Error, ErrorKind};

use crate::lab::{Bare, Lab, plain, tcp, until_closed};
use crate::support::{AGES, MODELS, ProbeClient, Running, eventually, within};

const HANDSHAKE_MS: u64 = 300;

/// A server whose pools have one thread, and which has little patience.
fn impatient(lab: &Lab, model: Model) -> Running {
    let timeouts = ServerTimeouts::default().handshake_ms(HANDSHAKE_MS);
    let config = lab.server_config(model).timeouts(timeouts);
    Running::bind(&match model {
        Model::ThreadPool => config.workers(1),
        Model::Nonblocking => config.workers(1).io_threads(1),
        _ => config,
    })
}

#[test]
fn peers_that_say_nothing_are_closed_and_others_go_on() {
    let lab = Lab::new();
    for model in MODELS {
        let server = impatient(&lab, model);
        let begun = Instant::now();
        let mut silent: Vec<_> = (0..3).map(|_| plain(&server)).collect();
        // The model `simple` comes to the call when it has done with the others.
        assert_eq!(lab.client(&server).echo("on").unwrap(), "on");
        for stream in &mut silent {
            assert_eq!(until_closed(stream), b"");
        }
        assert!(begun.elapsed() >= Duration::from_millis(HANDSHAKE_MS));
        eventually("all are counted", || {
            server.handle.stats().connections_failed == 3
        });
    }
}

#[test]
fn peers_that_drip_are_closed_and_others_go_on() {
    let lab = Lab::new();
    for model in MODELS {
        let server = impatient(&lab, model);
        let mut drip = Bare::new(&server, lab.rustls());
        let mut hello = Vec::new();
        drip.tls.write_tls(&mut hello).unwrap();
        let dripping = thread::spawn(move || {
            // Long before the hello is whole the server has enough.
            for byte in &hello[..hello.len() - 1] {
                if drip.socket.write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(5));
            }
            until_closed(&mut drip.socket);
        });
        assert_eq!(lab.client(&server).echo("on").unwrap(), "on");
        within(move || dripping.join().unwrap());
        eventually("it is counted", || {
            server.handle.stats().connections_failed == 1
        });
        assert_eq!(lab.client(&server).echo("on").unwrap(), "on");
    }
}

#[test]
fn peers_in_their_handshake_do_not_hold_up_who_comes_next() {
    let lab = Lab::new();
    for model in [Model::Threaded, Model::ThreadPool, Model::Nonblocking] {
        let server = lab.server(model);
        let silent: Vec<_> = (0..20).map(|_| plain(&server)).collect();
        let mut begun = Bare::new(&server, lab.rustls());
        begun.tls.write_tls(&mut begun.socket).unwrap();
        assert_eq!(lab.client(&server).echo("on").unwrap(), "on");
        drop(silent);
        // Peers that only look whether somebody listens are no failures.
        eventually("they are gone", || {
            server.handle.stats().connections_open <= 2
        });
        assert_eq!(server.handle.stats().connections_failed, 0);
        begun.handshake();
    }
}

/// A server that takes connections and does what it likes with them.
fn strange(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap());
        }
    });
    format!("tcp://{address}")
}

fn connect(lab: &Lab, address: &str, connect_ms: u64) -> Error {
    let timeouts = ClientTimeouts::default().connect_ms(connect_ms);
    let config = ClientConfig::new(address).tls(lab.client_tls());
    let connected = ProbeClient::connect(&config.timeouts(timeouts));
    connected.err().unwrap()
}

#[test]
fn a_server_that_never_answers_costs_no_more_than_the_time_to_connect() {
    let lab = Lab::new();
    let silent = strange(|stream| drop(thread::spawn(move || until_closed(&mut { stream }))));
    let dripping = strange(|mut stream| {
        thread::spawn(move || {
            for byte in [0x16, 3, 3, 0x40, 0].iter().chain([0; 4000].iter()) {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
        });
    });
    for address in [silent, dripping] {
        let begun = Instant::now();
        let error = connect(&lab, &address, 200);
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        let hint = "no handshake in time; does the server speak TLS there?";
        assert!(error.to_string().ends_with(hint), "{error}");
    }
}

/// Connects to one address at first, and then to another.
struct Moving([String; 2], AtomicUsize);

impl Connector for Moving {
    fn connect(&self, _: Duration) -> seapink::Result<Box<dyn Stream>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(1);
        let address = self.0[turn].strip_prefix("tcp://").unwrap();
        let stream = SocketStream::tcp(TcpStream::connect(address)?)?;
        Ok(Box::new(stream))
    }
}

#[test]
fn the_deadline_of_a_call_is_for_its_handshake_too() {
    let lab = Lab::new();
    let mut server = lab.server(Model::ThreadPool);
    let silent = strange(|stream| drop(thread::spawn(move || until_closed(&mut { stream }))));
    let moving = Moving([server.handle.local_addr().to_string(), silent], 0.into());
    let tls = lab.client_tls().server_name("localhost");
    let client = Client::with_connector(moving, &server.client_config().tls(tls)).unwrap();
    let client = ProbeClient(client).with(|client| client.with_timeout(Duration::from_millis(300)));
    assert_eq!(client.echo("here").unwrap(), "here");
    server.shutdown(AGES);
    let begun = Instant::now();
    let error = client.echo("there").unwrap_err().other();
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn what_is_not_tls_is_closed_and_counted() {
    let (lab, stranger) = (Lab::new(), Lab::of("another authority"));
    let garbage: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x01\0",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        &[0x16, 3, 1, 0xff, 0xff, 1, 2, 3, 4, 5, 6],
    ];
    for model in MODELS {
        let server = impatient(&lab, model);
        for bytes in garbage {
            let mut stream = plain(&server);
            stream.write_all(bytes).unwrap();
            // An alert.
            let answer = until_closed(&mut stream);
            assert!(answer.starts_with(&[0x15, 3]), "{answer:?}");
        }
        assert_eq!(lab.client(&server).echo("on").unwrap(), "on");
        eventually("all are counted", || {
            server.handle.stats().connections_failed == 4
        });
        let stats = server.handle.stats();
        assert_eq!(stats.connections_failed_by(ErrorKind::Tls), 4);
        // The last one is bad TLS, and so is one who trusts another authority.
        assert_eq!(stats.connections_foreign, 3);
        let config = stranger.client_config(&server);
        let error = Client::<seapink::Standard>::connect(&config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        eventually("that is counted", || {
            server.handle.stats().connections_failed == 5
        });
        assert_eq!(server.handle.stats().connections_foreign, 3);
    }
}

#[test]
fn a_client_without_tls_is_told_that_the_server_has_it() {
    let lab = Lab::new();
    for model in MODELS {
        let server = lab.server(model);
        let error = server.client().echo("hello").unwrap_err().other();
        let hint = "the server speaks TLS, and this client does not";
        assert_eq!(error.to_string(), hint);
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(!error.is_retryable());
    }
}

#[test]
fn a_client_with_tls_is_told_that_the_server_has_none() {
    let lab = Lab::new();
    for model in MODELS {
        let server = Running::bind(&tcp().model(model));
        let error = connect(&lab, &server.handle.local_addr().to_string(), 10_000);
        let hint =
            "the server closed the connection during the handshake; does it speak TLS there?";
        assert!(error.to_string().ends_with(hint), "{error}");
        assert_eq!(error.kind(), ErrorKind::Closed);
        eventually("it is counted", || {
            server.handle.stats().connections_foreign == 1
        });
    }
    let http = strange(|mut stream| {
        let _ = stream.read(&mut [0; 1000]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let error = connect(&lab, &http, 10_000);
    assert!(
        error
            .to_string()
            .ends_with("the server seems to speak HTTP, without TLS"),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Tls);
}
