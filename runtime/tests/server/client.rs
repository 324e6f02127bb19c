//! Clients whose servers misbehave.

use std::io::Write;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use seapink::config::ClientTimeouts;
use seapink::transport::{Listener, MemoryConnector, MemoryListener};
use seapink::{
    ApplicationCode, Client, ClientConfig, Delivery, ErrorKind, Limits, MessageKind, Server,
    ServerConfig,
};

use crate::raw::Raw;
use crate::support::{AGES, Probe, ProbeClient, Running, within};

pub(crate) fn framed() -> Raw {
    Raw::named("framed", "binary")
}

/// A reply to `echo`, head and result.
pub(crate) fn reply(name: &str, kind: MessageKind, sequence_id: i32, text: &str) -> Vec<u8> {
    let mut bytes = vec![0x80, 1, 0, kind.byte()];
    let len = |text: &str| u32::try_from(text.len()).unwrap().to_be_bytes();
    bytes.extend(len(name));
    bytes.extend(name.as_bytes());
    bytes.extend(sequence_id.to_be_bytes());
    bytes.extend([11, 0, 0]);
    bytes.extend(len(text));
    bytes.extend(text.as_bytes());
    bytes.push(0);
    framed().wrap(&bytes)
}

/// A server that answers the first call of its n-th connection with the n-th of these bytes, and
/// then waits for the client to go away. Sends on what it saw.
struct Script {
    connector: MemoryConnector,
    thread: JoinHandle<()>,
    calls: Receiver<String>,
}

fn script(answers: Vec<Vec<u8>>) -> Script {
    let (mut listener, connector) = MemoryListener::new();
    let (send, calls) = channel();
    let thread = thread::spawn(move || {
        for answer in answers {
            let mut stream = listener.accept().unwrap().unwrap();
            let heads = framed().read(&mut *stream, 1);
            send.send(heads[0].0.clone()).unwrap();
            stream.write_all(&answer).unwrap();
            if !answer.is_empty() {
                stream.set_read_timeout(Some(AGES)).unwrap();
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            }
        }
    });
    Script {
        connector,
        thread,
        calls,
    }
}

fn client(connector: &MemoryConnector, config: &ClientConfig) -> ProbeClient {
    ProbeClient(Client::with_connector(connector.clone(), config).unwrap())
}

#[test]
fn anything_but_a_clean_reply_closes_the_connection_and_the_next_call_makes_another() {
    let good = |id| reply("echo", MessageKind::Reply, id, "good");
    let config = ClientConfig::new("");
    let cases: [(Vec<u8>, ErrorKind, &str); 11] = [
        (
            vec![],
            ErrorKind::Closed,
            "the server closed the connection before it replied; does it use the transport `framed` and the protocol `binary`?",
        ),
        (
            reply("echo", MessageKind::Reply, 99, ""),
            ErrorKind::Application(ApplicationCode::BAD_SEQUENCE_ID),
            "bad sequence id: a reply has sequence id 99, which no call in flight has",
        ),
        (
            // Of a proxy that could not read the call.
            framed().wrap(
                b"\x80\x01\0\x03\0\0\0\0\0\0\0\0\x0b\0\x01\0\0\0\x04what\x08\0\x02\0\0\0\x07\0",
            ),
            ErrorKind::Application(ApplicationCode::BAD_SEQUENCE_ID),
            "bad sequence id: a reply has sequence id 0, which no call in flight has; it says: protocol error: what",
        ),
        (
            reply("other", MessageKind::Reply, 1, ""),
            ErrorKind::Application(ApplicationCode::WRONG_METHOD_NAME),
            "wrong method name: the reply is for `other`, not for `echo`",
        ),
        (
            reply("echo", MessageKind::Call, 1, ""),
            ErrorKind::Application(ApplicationCode::INVALID_MESSAGE_TYPE),
            "invalid message type: the server sent a call",
        ),
        (framed().wrap(b"\x80\x01\0\x02"), ErrorKind::Truncated, ""),
        (vec![0; 4], ErrorKind::Malformed, "the frame is empty"),
        (vec![0x7f, 0xff, 0xff, 0xff], ErrorKind::Limit, ""),
        (
            b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            ErrorKind::Malformed,
            "the server speaks HTTP, and this client `framed`; write `transport = \"http\"` or `transport = \"websocket\"`",
        ),
        (
            b"220 mail.example ESMTP\r\n".to_vec(),
            ErrorKind::Limit,
            "the server sent plain text, `220 mail`; does it speak Thrift?",
        ),
        (
            framed().wrap(b"\x82\x41\x01\x04echo\0"),
            ErrorKind::Malformed,
            "",
        ),
    ];
    for (answer, kind, text) in cases {
        let script = script(vec![answer, good(2)]);
        let client = client(&script.connector, &config);
        let error = client.echo("x").unwrap_err().other();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.delivery(), Delivery::Sent);
        if !text.is_empty() {
            assert_eq!(error.to_string(), text);
        }
        assert_eq!(client.echo("x").unwrap(), "good");
        drop(client);
        within(move || script.thread.join().unwrap());
        assert_eq!(script.calls.iter().count(), 2);
    }
}

/// Once the server has answered, it speaks what the client speaks.
#[test]
fn only_before_the_first_reply_the_configuration_is_doubted() {
    let (mut listener, connector) = MemoryListener::new();
    let thread = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().unwrap();
        framed().read(&mut *stream, 1);
        stream
            .write_all(&reply("echo", MessageKind::Reply, 1, "good"))
            .unwrap();
        framed().read(&mut *stream, 1);
    });
    let client = client(&connector, &ClientConfig::new(""));
    assert_eq!(client.echo("x").unwrap(), "good");
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(
        error.to_string(),
        "the server closed the connection before it replied"
    );
    within(move || thread.join().unwrap());
}

/// Over TCP, a server that closes without reading everything resets the connection.
#[test]
fn another_transport_or_protocol_is_doubted_over_tcp_too() {
    for (transport, protocol) in [("framed", "compact"), ("buffered", "binary")] {
        let running = Running::bind(&ServerConfig::new("tcp://127.0.0.1:0").protocol("json"));
        let config = running
            .client_config()
            .transport(transport)
            .protocol(protocol);
        let error = running.client_with(&config).echo("x").unwrap_err().other();
        let hint =
            format!("; does it use the transport `{transport}` and the protocol `{protocol}`?");
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(error.to_string().ends_with(&hint), "{error}");
    }
}

#[test]
fn exceptions_are_clean_replies() {
    let running = Running::memory(&ServerConfig::new(""));
    let client = running.client();
    for _ in 0..3 {
        client.fail("declared").unwrap_err();
        client.fail("chosen").unwrap_err();
        client.unknown().unwrap_err();
    }
    assert_eq!(running.handle.stats().connections_accepted, 1);
}

#[test]
fn bytes_that_nobody_asked_for_close_the_connection_before_the_next_call() {
    let mut two = reply("echo", MessageKind::Reply, 1, "first");
    two.extend(reply("echo", MessageKind::Reply, 2, "forged"));
    let script = script(vec![two, reply("echo", MessageKind::Reply, 2, "true")]);
    let client = client(&script.connector, &ClientConfig::new(""));
    assert_eq!(client.echo("x").unwrap(), "first");
    assert_eq!(client.echo("x").unwrap(), "true");
    drop(client);
    within(move || script.thread.join().unwrap());
}

#[test]
fn a_late_reply_never_reaches_a_later_call() {
    let running = Running::memory(&ServerConfig::new(""));
    let config = running.client_config();
    let config = config.timeouts(ClientTimeouts::default().call_ms(50));
    let client = running.client_with(&config);
    let error = client.wait().unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent);
    assert_eq!(error.to_string(), "no reply within 50 ms");
    running.handler.until_waiting(1);
    running.handler.release();
    let patient = running.client();
    for index in 0..20 {
        let text = format!("call {index}");
        assert_eq!(patient.echo(&text).unwrap(), text);
    }
}

#[test]
fn a_reply_that_drips_is_late_too() {
    let (mut listener, connector) = MemoryListener::new();
    let thread = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().unwrap();
        framed().read(&mut *stream, 1);
        for byte in reply("echo", MessageKind::Reply, 1, &"x".repeat(10_000)) {
            if stream.write_all(&[byte]).is_err() {
                return true;
            }
            thread::sleep(std::time::Duration::from_millis(2));
        }
        false
    });
    let config = ClientConfig::new("").timeouts(ClientTimeouts::default().call_ms(50));
    let client = client(&connector, &config);
    assert_eq!(
        client.echo("x").unwrap_err().other().kind(),
        ErrorKind::Timeout
    );
    assert!(within(move || thread.join().unwrap()));
}

#[test]
fn a_call_that_the_server_does_not_take_is_late() {
    let (_listener, connector) = MemoryListener::new();
    let timeouts = ClientTimeouts::default().call_ms(50);
    let config = ClientConfig::new("").timeouts(timeouts);
    let client = client(&connector, &config);
    let error = client.echo(&"x".repeat(1_000_000)).unwrap_err().other();
    assert_eq!(
        error.to_string(),
        "the server did not take the call within 50 ms"
    );
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Timeout, Delivery::Sent)
    );
}

#[test]
fn a_connection_that_the_server_has_closed_meanwhile_costs_no_call() {
    for listen in ["tcp://127.0.0.1:0", "memory"] {
        let timeouts = seapink::config::ServerTimeouts::default().idle_ms(200);
        let config = ServerConfig::new(listen).timeouts(timeouts);
        let running = match listen {
            "memory" => Running::memory(&config),
            _ => Running::bind(&config),
        };
        let client = running.client();
        for round in 1..=3 {
            assert_eq!(client.echo("x").unwrap(), "x");
            crate::support::eventually("it is closed", || {
                let stats = running.handle.stats();
                stats.connections_failed >= round && stats.connections_open == 0
            });
        }
    }
}

#[test]
fn calls_that_cannot_be_encoded_or_are_too_big_are_not_sent() {
    let running = Running::memory(&ServerConfig::new(""));
    let limits = Limits::default().frame_bytes_max(100);
    let client = running.client_with(&running.client_config().limits(limits));
    let error = client.echo(&"x".repeat(100)).unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Limit, Delivery::NotSent)
    );
    assert_eq!(
        error.to_string(),
        "the message has 124 bytes, more than frame_bytes_max = 100"
    );
    // The same connection goes on.
    assert_eq!(client.echo("x").unwrap(), "x");
    // A reply over the limit is refused, and its connection closed.
    let error = client.big(100).unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Limit, Delivery::Sent)
    );
    assert_eq!(client.echo("x").unwrap(), "x");
    assert_eq!(running.handle.stats().connections_accepted, 2);
}

#[test]
fn threads_share_a_client() {
    let running = Running::memory(&ServerConfig::new(""));
    let client = running.client();
    thread::scope(|scope| {
        for thread in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for call in 0..100 {
                    let text = format!("{thread}/{call}");
                    assert_eq!(client.echo(&text).unwrap(), text);
                    client.note(&text).unwrap();
                }
            });
        }
    });
    running.handler.until_noted("7/99");
    assert_eq!(running.handle.stats().connections_accepted, 1);
}

#[test]
fn a_server_that_is_not_there_any_more_is_an_error_before_sending() {
    let server = Server::bind(&ServerConfig::new("tcp://127.0.0.1:0"), Probe::default()).unwrap();
    let address = server.local_addr().to_string();
    let config = ClientConfig::new(&*address);
    let client = ProbeClient::connect(&config).unwrap();
    drop(server);
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {address}: nobody listens there")
    );
}

#[test]
fn connecting_takes_no_longer_than_it_may() {
    // A listener whose queue is full answers nobody.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let timeouts = ClientTimeouts::default().connect_ms(50);
    let config = ClientConfig::new(format!("tcp://{address}")).timeouts(timeouts);
    let mut kept = Vec::new();
    let error = loop {
        match ProbeClient::connect(&config) {
            Ok(client) => kept.push(client),
            Err(error) => break error,
        }
        assert!(kept.len() < 100);
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to tcp://{address}: no answer in time")
    );
}
