//! SASL: what is said before the first message, by the byte and by whom.

mod clients;
mod mechanisms;
mod servers;
mod users;

use std::io::{Read, Write};
use std::net::TcpStream;

use seapink::config::{ClientSasl, Model};
use seapink::{ErrorKind, ServerConfig};

use crate::socket;
use crate::support::{MODELS, ProbeClient, Running, eventually, wonderland};

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("sasl")
        .sasl(wonderland())
}

const START: u8 = 1;
const OK: u8 = 2;
const BAD: u8 = 3;
const ERROR: u8 = 4;
const COMPLETE: u8 = 5;

const ALICE: &[u8] = b"\0alice\0wonderland";

fn said(status: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[status], &length[..], payload].concat()
}

/// `echo("hi")` and its reply, in frames.
const CALL: &[u8] = b"\0\0\0\x1a\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0";
const REPLY: &[u8] = b"\0\0\0\x1a\x80\x01\0\x02\0\0\0\x04echo\0\0\0\x07\x0b\0\0\0\0\0\x02hi\0";

#[track_caller]
fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read, expected, "{}", read.escape_ascii());
}

/// Everything up to the end.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        // What a server leaves unread when it closes comes back as a reset.
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => read,
    }
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        // As Apache's Java library says it, and as Python's does.
        for status in [COMPLETE, OK] {
            let mut stream = socket(&server);
            stream.write_all(&said(START, b"PLAIN")).unwrap();
            stream.write_all(&said(status, ALICE)).unwrap();
            expect(&mut stream, b"\x05\0\0\0\0");
            for _ in 0..2 {
                stream.write_all(CALL).unwrap();
                expect(&mut stream, REPLY);
            }
        }
        // Byte by byte.
        let mut stream = socket(&server);
        let all = [said(START, b"PLAIN"), said(OK, ALICE)].concat();
        for byte in &all {
            stream.write_all(&[*byte]).unwrap();
        }
        expect(&mut stream, b"\x05\0\0\0\0");
        for byte in CALL {
            stream.write_all(&[*byte]).unwrap();
        }
        expect(&mut stream, REPLY);
        drop(stream);
        // All of it at once, without waiting to be let in, in two parts at each place.
        let all = [&all, CALL, CALL].concat();
        let mut stream = socket(&server);
        stream.write_all(&all).unwrap();
        expect(&mut stream, b"\x05\0\0\0\0");
        expect(&mut stream, REPLY);
        expect(&mut stream, REPLY);
        drop(stream);
        for place in 1..all.len() {
            let mut stream = socket(&server);
            stream.write_all(&all[..place]).unwrap();
            stream.write_all(&all[place..]).unwrap();
            expect(&mut stream, &[b"\x05\0\0\0\0", REPLY, REPLY].concat());
        }
        eventually("all are gone", || {
            server.handle.stats().connections_open == 0 || model == Model::Simple
        });
        assert_eq!(
            server.handle.stats().connections_failed,
            0,
            "{}",
            model.name()
        );
    }
}

/// Large messages in both directions, without what `Stream` does where there is no layer.
#[test]
fn what_follows_is_passed_on_as_it_is() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let client = server.client();
        for size in [0, 1, 4095, 4096, 65_536, 3_000_000] {
            let text = "x".repeat(size);
            assert_eq!(client.echo(&text).unwrap(), text, "{}", model.name());
        }
        let stats = server.handle.stats();
        // The negotiation is no message.
        assert!(stats.bytes_read < 3_200_000, "{}", stats.bytes_read);
    }
}

#[test]
fn a_wrong_password_is_answered_and_counted_and_hurts_nobody_else() {
    for model in MODELS {
        if model == Model::Simple {
            continue;
        }
        let server = Running::bind(&config(model));
        let client = server.client();
        assert_eq!(client.echo("before").unwrap(), "before");
        for login in [
            &b"\0alice\0Wonderland"[..],
            b"\0mallory\0wonderland",
            b"bob\0alice\0wonderland",
        ] {
            let mut stream = socket(&server);
            stream.write_all(&said(START, b"PLAIN")).unwrap();
            stream.write_all(&said(COMPLETE, login)).unwrap();
            // The call behind it is not run.
            let _ = stream.write_all(CALL);
            assert_eq!(rest(&mut stream), said(BAD, b"invalid credentials"));
        }
        let wrong = server.client_config();
        let wrong = wrong.sasl(ClientSasl::plain("alice", "queen"));
        let error = ProbeClient::connect(&wrong).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let text = error.to_string();
        assert!(
            text.starts_with("no SASL with `PLAIN` at 127.0.0.1:")
                && text.ends_with(": the server refused: invalid credentials"),
            "{text}"
        );
        assert!(!error.is_retryable());
        assert!(!format!("{error:?} {error:#?}").contains("queen"));
        eventually("they are counted", || {
            server
                .handle
                .stats()
                .connections_failed_by(ErrorKind::Denied)
                == 4
        });
        let stats = server.handle.stats();
        assert_eq!(
            (stats.connections_failed, stats.connections_foreign),
            (4, 0)
        );
        assert_eq!(client.echo("after").unwrap(), "after");
        assert_eq!(server.handle.stats().replies, 2);
    }
}
