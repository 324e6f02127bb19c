//! What a datagram may cost: others, and this server.

use seapink::config::{Model, ServerUdp};
use seapink::server::DatagramFault;
use seapink::{ApplicationCode, ErrorKind, MessageKind};

use crate::raw::{answer, echo, is_silent, message, socket, until_lost};
use crate::support::Running;
use crate::{MODELS, PROTOCOLS, config};

/// What an answer to a call may have.
fn bound(call: usize) -> usize {
    3 * (call + 28) - 28
}

#[test]
fn answers_are_little_larger_than_their_calls() {
    for model in MODELS {
        for protocol in PROTOCOLS {
            let server = Running::bind(&config(model, protocol));
            let socket = socket(&server);
            let call = message(protocol, |client| drop(client.big(5_000)));
            socket.send(&call).unwrap();
            let (kind, id, bytes) = answer(&socket, protocol);
            assert_eq!((kind, id), (MessageKind::Exception, 7));
            assert!(bytes.len() <= bound(call.len()), "{}", bytes.len());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let expected = "the answer would pass answer_factor_max = 3";
            assert!(text.contains(expected), "{text}");
        }
    }
}

/// Not even the exception that would say so fits.
#[test]
fn what_does_not_fit_is_not_answered() {
    let udp = ServerUdp::default().answer_factor_max(1);
    let server = Running::bind(&config(Model::ThreadPool, "compact").udp(udp));
    let socket = socket(&server);
    let call = message("compact", |client| drop(client.fail("chosen")));
    socket.send(&call).unwrap();
    until_lost(&server, DatagramFault::AnswerTooLarge, 1);
    let note = message("compact", |client| client.note("after it").unwrap());
    socket.send(&note).unwrap();
    server.handler.until_noted("after it");
    socket.set_nonblocking(true).unwrap();
    assert!(socket.recv(&mut [0; 100]).is_err());
    assert_eq!(server.handle.stats().bytes_written, 0);
}

#[test]
fn a_bound_can_be_raised() {
    let udp = ServerUdp::default().answer_factor_max(65_507);
    let server = Running::bind(&config(Model::ThreadPool, "binary").udp(udp));
    let client = server.client();
    assert_eq!(client.big(65_000).unwrap().len(), 65_000);
    let error = client.big(65_507).unwrap_err().other();
    assert_eq!(
        error.kind(),
        ErrorKind::Application(ApplicationCode::INTERNAL_ERROR)
    );
    let expected = "the answer has 65530 bytes, more than datagram_bytes_max = 65507";
    assert!(error.to_string().ends_with(expected), "{error}");
}

/// Otherwise two servers would answer each other for ever.
#[test]
fn answers_are_not_answered() {
    for protocol in PROTOCOLS {
        let server = Running::bind(&config(Model::ThreadPool, protocol));
        let socket = socket(&server);
        for call in [
            echo(protocol, "a reply"),
            message(protocol, |client| drop(client.unknown())),
        ] {
            socket.send(&call).unwrap();
            let (_, _, bytes) = answer(&socket, protocol);
            socket.send(&bytes).unwrap();
        }
        until_lost(&server, DatagramFault::NoCall, 2);
        is_silent(&socket, protocol);
    }
}

#[test]
fn what_waits_for_workers_is_bounded() {
    let config = config(Model::ThreadPool, "binary").workers(1).queue(1);
    let server = Running::bind(&config);
    let client = server.client();
    let running = client.send_wait().unwrap();
    server.handler.until_waiting(1);
    let waiting = client.send_wait().unwrap();
    crate::support::eventually("it waits", || server.handle.stats().calls_queued == 1);
    let error = client.echo("one too many").unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    client.note("another").unwrap();
    until_lost(&server, DatagramFault::Overloaded, 2);
    server.handler.release();
    for pending in [running, waiting] {
        assert_eq!(pending.wait().unwrap(), "waited");
    }
    assert!(!server.handler.has_noted("another"));
}
