//! Mechanisms of a program's own, in several steps.

use std::io::Write;

use seapink::config::{ClientSasl, Model, ServerSasl};
use seapink::transport::sasl::{ClientMechanism, ClientStep, ServerMechanism, ServerStep};
use seapink::{Error, ErrorKind, Result, User};

use super::clients::strange;
use super::{BAD, CALL, ERROR, REPLY, config, expect, rest, said};
use crate::socket;
use crate::support::{MODELS, ProbeClient, Running, eventually, wonderland};

/// Asks for a number, and lets in who says the next one, as often as it is told.
struct Riddle {
    left: u8,
    number: u8,
}

impl ServerMechanism for Riddle {
    fn answer(&mut self, response: &[u8]) -> Result<ServerStep> {
        match response {
            [] if self.number == 0 => {}
            [next, ..] if *next == self.number + 1 => self.left -= 1,
            _ => return Err(Error::new(ErrorKind::Denied, "it cannot count")),
        }
        self.number += 10;
        Ok(match self.left {
            0 => ServerStep::Done(User::new("counter"), vec![self.number]),
            _ => ServerStep::More(vec![self.number]),
        })
    }
}

/// Answers, and is satisfied when the server's last number is this.
struct Answers {
    last: u8,
}

impl ClientMechanism for Answers {
    fn begin(&mut self) -> Result<ClientStep> {
        Ok(ClientStep::More(Vec::new()))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<ClientStep> {
        match challenge {
            [last] if *last == self.last => Ok(ClientStep::Done(Vec::new())),
            [number] => Ok(ClientStep::More(vec![number + 1])),
            _ => Err(Error::new(ErrorKind::Denied, "this is not the server")),
        }
    }
}

fn riddles(rounds: u8) -> ServerSasl {
    wonderland().mechanism("RIDDLE", move || Riddle {
        left: rounds,
        number: 0,
    })
}

fn answers(last: u8) -> ClientSasl {
    ClientSasl::mechanism("RIDDLE", move || Answers { last })
}

#[test]
fn mechanisms_may_take_several_steps() {
    for model in MODELS {
        let server = Running::bind(&config(model).sasl(riddles(3)));
        let client = ProbeClient::connect(&server.client_config().sasl(answers(40))).unwrap();
        assert_eq!(client.echo("x").unwrap(), "x");
        drop(client);
        assert_eq!(server.client().echo("x").unwrap(), "x");
        // The bytes of it.
        let mut stream = socket(&server);
        let answers: &[(&[u8], &[u8])] = &[
            (b"\x01\0\0\0\x06RIDDLE\x02\0\0\0\0", b"\x02\0\0\0\x01\x0a"),
            (b"\x02\0\0\0\x01\x0b", b"\x02\0\0\0\x01\x14"),
            (b"\x02\0\0\0\x01\x15", b"\x02\0\0\0\x01\x1e"),
            (b"\x05\0\0\0\x01\x1f", b"\x05\0\0\0\x01\x28"),
            (CALL, REPLY),
        ];
        for (client, server) in answers {
            stream.write_all(client).unwrap();
            expect(&mut stream, server);
        }
        drop(stream);
        // A client that is done before the mechanism is.
        let mut stream = socket(&server);
        stream
            .write_all(b"\x01\0\0\0\x06RIDDLE\x05\0\0\0\0")
            .unwrap();
        let told = rest(&mut stream);
        assert_eq!(
            told,
            said(ERROR, b"the client says COMPLETE, and RIDDLE is not")
        );
    }
}

#[test]
fn neither_end_goes_on_for_ever() {
    let server = Running::bind(&config(Model::Threaded).sasl(riddles(255)));
    let error = ProbeClient::connect(&server.client_config().sasl(answers(0)));
    let error = error.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    assert!(
        error.to_string().contains("16 SASL messages to no end"),
        "{error}"
    );
    eventually("it is counted", || {
        server
            .handle
            .stats()
            .connections_failed_by(ErrorKind::Limit)
            == 1
    });
    // A server that asks and asks.
    let server = strange(
        |stream| {
            while stream.write_all(b"\x02\0\0\0\x01\x07").is_ok() {}
        },
    );
    let error = ProbeClient::connect(&server.sasl(answers(0)))
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
}

/// It has to know something itself where the mechanism says so.
#[test]
fn a_server_is_not_believed_that_it_is_one() {
    for (bytes, text) in [
        (&b"\x05\0\0\0\0"[..], "this is not the server"),
        (
            b"\x05\0\0\0\x01\x07",
            "the server says COMPLETE before the mechanism is",
        ),
        (b"\x02\0\0\0\x02\x07\x07", "this is not the server"),
    ] {
        let server = strange(move |stream| {
            stream.write_all(bytes).unwrap();
            // Nothing of a call follows.
            let mut left = rest(stream);
            left.drain(..16);
            assert_eq!(left, said(BAD, b""));
        });
        let error = ProbeClient::connect(&server.sasl(answers(99)))
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().ends_with(text), "{error}");
    }
}
