//! T16: whatever a call waits for, it ends by its deadline.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use seapink::config::{ClientTimeouts, PoolConfig, RetryConfig};
use seapink::transport::Stream;
use seapink::{Client, ClientConfig, Delivery, Error, ErrorKind, Standard};
use socket2::{Domain, Socket, Type};

use crate::support::{Call, Echo, SLACK, Server, Switch, until_gone};

const MS: u64 = 100;

/// The system counts in milliseconds.
const EARLY: Duration = Duration::from_millis(2);

/// A call that ends by its deadline, and not before.
fn late(call: impl FnOnce() -> Result<String, Error>) -> Error {
    let begun = Instant::now();
    let error = call().unwrap_err();
    let (took, due) = (begun.elapsed(), Duration::from_millis(MS));
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(
        took + EARLY >= due && took < due + SLACK,
        "{took:?}: {error}"
    );
    error
}

/// One connection, several, and attempts of which each is a call of its own.
fn configs() -> [ClientConfig; 3] {
    let config = || ClientConfig::new("");
    let retry = RetryConfig::default().attempts_max(100);
    let pool = PoolConfig::default();
    [config(), config().pool(pool), config().retry(retry)]
}

/// Does this with the first connection, and nothing with others.
fn server(serve: impl Fn(&mut dyn Stream) + Send + Sync + 'static) -> Server {
    Server::new(move |_, stream| serve(stream))
}

#[test]
fn t16_connecting_takes_too_long() {
    for config in configs() {
        let server = Server::answering(|_, call| match &*call.text {
            "close" => Vec::new(),
            _ => call.reply(),
        });
        let switch = Switch::new(&server);
        let client = switch.client(&config);
        client.call("close").unwrap_err();
        switch.refuse(ErrorKind::Timeout);
        let error = late(|| client.within(MS).call("x"));
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

/// One thread connects, and the others wait for it: each until its own deadline.
#[test]
fn t16_another_call_connects_and_takes_too_long() {
    let server = Server::answering(|_, _| Vec::new());
    let switch = Switch::new(&server);
    let client = switch.client(&ClientConfig::new(""));
    client.call("close").unwrap_err();
    switch.refuse(ErrorKind::Timeout);
    thread::scope(|scope| {
        let patient = scope.spawn(|| client.within(6 * MS).call("x").unwrap_err());
        while switch.attempts() < 2 {
            thread::yield_now();
        }
        let error = late(|| client.within(MS).call("x"));
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(patient.join().unwrap().kind(), ErrorKind::Timeout);
    });
}

/// The system does not answer for a server whose backlog is full.
#[test]
fn t16_the_backlog_is_full() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let timeouts = ClientTimeouts::default();
    let config = ClientConfig::new(format!("tcp://{address}"));
    let config = config.timeouts(timeouts.connect_ms(5_000));
    // Connected, but never accepted.
    let client = Echo(Client::connect(&config).unwrap());
    let brief = Duration::from_millis(50);
    let fill: Vec<_> = (0..16)
        .map_while(|_| TcpStream::connect_timeout(&address, brief).ok())
        .collect();
    assert!(fill.len() < 16, "the backlog has no end");
    let error = late(|| client.within(MS).call("nobody answers"));
    assert_eq!(error.delivery(), Delivery::Sent);
    let error = late(|| client.within(MS).call("nobody accepts"));
    assert_eq!(error.delivery(), Delivery::NotSent);
    let config = config.timeouts(timeouts.connect_ms(MS));
    late(|| match Client::<Standard>::connect(&config) {
        Err(error) => Err(error),
        Ok(_) => Ok("connected".to_owned()),
    });
}

#[test]
fn t16_the_server_does_not_read() {
    for config in configs() {
        let server = server(|stream| {
            let (closer, gone) = (stream.closer(), Duration::from_secs(2));
            thread::sleep(gone);
            closer.shutdown(std::net::Shutdown::Both);
        });
        let client = server.client(&config).within(MS);
        let large = "x".repeat(1 << 20);
        let error = late(|| client.call(&large));
        assert_eq!(error.delivery(), Delivery::Sent);
    }
}

#[test]
fn t16_the_server_does_not_answer() {
    for config in configs() {
        let server = server(until_gone);
        let client = server.client(&config).within(MS);
        assert_eq!(late(|| client.call("x")).delivery(), Delivery::Sent);
        late(|| crate::support::wait(client.send("x").unwrap()));
    }
}

#[test]
fn t16_the_reply_drips() {
    for config in configs() {
        let server = server(|stream| {
            let reply = Call::read(stream).unwrap().reply_with(&"x".repeat(2_000));
            for byte in reply {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        let client = server.client(&config).within(MS);
        assert_eq!(late(|| client.call("x")).delivery(), Delivery::Sent);
    }
}

#[test]
fn t16_every_connection_of_the_pool_has_a_call() {
    let server = server(until_gone);
    let pool = PoolConfig::default().connections_max(1);
    let client = server.client(&ClientConfig::new("").pool(pool));
    let pending = client.send("x").unwrap();
    let error = late(|| client.within(MS).call("x"));
    assert_eq!(error.delivery(), Delivery::NotSent);
    drop(pending);
}

/// Attempts and pauses together end by the deadline, too; here they end before it, since another
/// attempt could not begin in time.
#[test]
fn t16_attempts_have_one_deadline_together() {
    let server = Server::answering(|_, call| call.exception(11));
    let retry = RetryConfig::default()
        .attempts_max(100)
        .budget_per_second(1_000);
    let retry = retry.backoff_min_ms(20).backoff_max_ms(20);
    let client = server.client(&ClientConfig::new("").retry(retry));
    let begun = Instant::now();
    let error = client.within(MS).call("x").unwrap_err();
    // Where the machine is busy, the last attempt may still run out of time.
    let kinds = [ErrorKind::Overloaded, ErrorKind::Timeout];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert!(begun.elapsed() < Duration::from_millis(MS) + SLACK);
}
