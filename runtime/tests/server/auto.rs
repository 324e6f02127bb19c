//! `transport = "auto"` and `protocol = "auto"`, and peers that speak something else.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use seapink::transport::Stream;
use seapink::{ApplicationCode, Client, ClientConfig, ErrorKind, Limits, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, MODELS, ProbeClient, Running, WithUser, eventually};

#[test]
fn one_port_takes_all_and_answers_in_kind() {
    for model in MODELS {
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let running = Running::bind(&config.transport("auto").protocol("auto"));
        for raw in Raw::all() {
            let config = ClientConfig::new(running.handle.local_addr().to_string());
            let config = config.transport(raw.transport).protocol(raw.wire().name());
            let client = ProbeClient(Client::connect(&config).unwrap());
            for _ in 0..3 {
                assert_eq!(client.echo("x").unwrap(), "x", "{model:?} {config:?}");
            }
        }
        assert_eq!(running.handle.stats().connections_failed, 0);
    }
}

#[test]
fn the_first_bytes_may_come_one_by_one() {
    for model in MODELS {
        let config = ServerConfig::new("").model(model);
        let running = Running::memory(&config.transport("auto").protocol("auto"));
        for raw in Raw::all() {
            let mut stream = running.stream();
            for byte in raw.echo(7, "x") {
                stream.write_all(&[byte]).unwrap();
                std::thread::yield_now();
            }
            assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 7)]));
        }
    }
}

#[test]
fn messages_with_the_old_head_are_known_by_their_names() {
    use seapink::protocol::MessageForm;

    let config = ServerConfig::new("").transport("auto").protocol("auto");
    let running = Running::memory(&config);
    for transport in ["framed", "buffered"] {
        let config = ClientConfig::new("").transport(transport);
        let client = Client::with_connector(running.connector().clone(), &config).unwrap();
        let client = ProbeClient(client.with_form(MessageForm::Old));
        assert_eq!(client.echo("x").unwrap(), "x");
    }
}

/// Each message is answered in its own version, whatever the one before was.
#[test]
fn compact_messages_are_answered_in_their_version() {
    for model in MODELS {
        for (transport, protocol) in [("auto", "auto"), ("auto", "compact"), ("framed", "compact")]
        {
            let config = ServerConfig::new("").model(model);
            let running = Running::memory(&config.transport(transport).protocol(protocol));
            for over in ["framed", "buffered"] {
                if !["auto", over].contains(&transport) {
                    continue;
                }
                let raw = Raw::named(over, "compact");
                let mut stream = running.stream();
                for version in [2, 1, 2] {
                    let message = |kind: u8, field: &[u8]| {
                        let head = [0x82, kind << 5 | version];
                        raw.wrap(&[&head, &b"\x07\x04echo"[..], field, b"\x02hi\0"].concat())
                    };
                    stream.write_all(&message(1, b"\x18")).unwrap();
                    let expected = message(2, b"\x08\0");
                    let mut reply = vec![0; expected.len()];
                    stream.read_exact(&mut reply).unwrap();
                    assert_eq!(reply, expected, "{model:?} {transport} {over}");
                }
            }
        }
    }
}

#[test]
fn clients_choose_the_version_of_compact_messages() {
    for transport in ["framed", "buffered"] {
        let running = Running::memory(&ServerConfig::new("").transport("auto").protocol("auto"));
        let config = running.client_config().transport(transport);
        let client = running.client_with(&config.protocol("compact").compact_version(2));
        assert_eq!(client.echo("x").unwrap(), "x");
        assert_eq!(
            client.unknown().unwrap_err().other().kind(),
            ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
        );
    }
}

#[test]
fn half_of_it_may_be_fixed() {
    let config = ServerConfig::new("").protocol("compact").transport("auto");
    let running = Running::memory(&config);
    for transport in ["framed", "buffered"] {
        let mut stream = running.stream();
        let raw = Raw::named(transport, "compact");
        stream.write_all(&raw.echo(1, "x")).unwrap();
        assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 1)]));
    }
    let mut stream = running.stream();
    stream
        .write_all(&Raw::named("framed", "binary").echo(1, "x"))
        .unwrap();
    assert_eq!(rest(&mut stream), []);

    let running = Running::memory(&ServerConfig::new("").protocol("auto"));
    for protocol in ["binary", "compact", "json"] {
        let mut stream = running.stream();
        let raw = Raw::named("framed", protocol);
        stream.write_all(&raw.echo(1, "x")).unwrap();
        assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 1)]));
    }
}

/// T08 of the battery, but for its time, which is a bench's.
#[test]
fn t08_strangers_are_closed_at_their_first_bytes_and_counted() {
    let strangers: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
        b"EHLO example\r\n",
        b"\x00\x00\x10\x00\xde\xad\xbe\xef",
        b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
        b"\x00\x01\x00\x00\x01\x02\x03\x04",
    ];
    for model in MODELS {
        for (transport, protocol) in [
            ("framed", "binary"),
            ("framed", "compact"),
            ("buffered", "binary"),
            ("buffered", "json"),
            ("header", "binary"),
            ("framed+header", "binary"),
            ("framed+header", "compact"),
            ("framed+buffered", "json"),
            ("sasl+header", "binary"),
            ("auto", "auto"),
        ] {
            let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
            let config = config.transport(transport).protocol(protocol);
            let running = Running::bind(&config.with_user(transport));
            for stranger in strangers {
                let mut stream = running.tcp();
                // Without the end of the stream, which would end everything.
                let start = Instant::now();
                stream.write_all(&stranger[..8]).unwrap();
                stream.set_read_timeout(Some(AGES)).unwrap();
                assert_eq!(rest(&mut stream), [], "{model:?} {transport} {protocol}");
                assert!(start.elapsed() < Duration::from_secs(5), "not at once");
            }
            let count = strangers.len() as u64;
            eventually("all are counted", || {
                running.handle.stats().connections_foreign == count
            });
            let stats = running.handle.stats();
            assert_eq!(stats.connections_failed, count);
            let by = |kind| stats.connections_failed_by(kind);
            assert_eq!(by(ErrorKind::Malformed) + by(ErrorKind::Limit), count);
        }
    }
}

/// T08 where an answer is made: what begins no request for a `WebSocket` is told so in HTTP, at once.
#[cfg(feature = "websocket")]
#[test]
fn t08_strangers_at_a_websocket_are_told_and_counted() {
    let strangers: [&[u8]; 9] = [
        b"POST / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
        b"EHLO example\r\n",
        b"\x00\x00\x10\x00\xde\xad\xbe\xef",
        b"\x80\x01\x00\x01\x00\x00\x00\x04",
        b"[1,\"echo\",1,1,{}]",
    ];
    for model in MODELS {
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let running = Running::bind(&config.transport("websocket"));
        for stranger in strangers {
            let mut stream = running.tcp();
            let start = Instant::now();
            stream.write_all(stranger).unwrap();
            stream.set_read_timeout(Some(AGES)).unwrap();
            let answer = rest(&mut stream);
            assert!(
                answer.starts_with(b"HTTP/1.1 40"),
                "{model:?} {}",
                answer.escape_ascii()
            );
            assert!(start.elapsed() < Duration::from_secs(5), "not at once");
        }
        let count = strangers.len() as u64;
        eventually("all are counted", || {
            running.handle.stats().connections_failed == count
        });
        let stats = running.handle.stats();
        assert_eq!(stats.connections_failed_by(ErrorKind::Malformed), count);
    }
}

/// A message that is only too long comes from nobody else.
#[test]
fn a_first_message_over_a_limit_is_no_stranger() {
    for model in MODELS {
        for (transport, protocol, speaks) in [
            ("framed", "binary", "framed"),
            ("framed", "auto", "framed"),
            ("auto", "auto", "framed"),
            ("buffered", "compact", "buffered"),
            ("auto", "auto", "buffered"),
            ("header", "binary", "header"),
            ("framed+header", "binary", "header"),
            ("framed+header", "compact", "header"),
            ("framed+header", "auto", "framed"),
            ("framed+framed", "json", "framed"),
            ("sasl+header", "binary", "header"),
        ] {
            let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
            let limits = Limits::default()
                .frame_bytes_max(1000)
                .message_bytes_max(1000)
                .string_bytes_max(1000);
            let config = config.limits(limits).with_user(transport);
            let running = Running::bind(&config.transport(transport).protocol(protocol));
            let raw = Raw::named(
                speaks,
                if protocol == "auto" {
                    "binary"
                } else {
                    protocol
                },
            );
            let mut stream = running.tcp();
            if transport.starts_with("sasl") {
                log_in(&mut stream);
            }
            let mut call = raw.echo(1, &"x".repeat(2000));
            if transport.starts_with("framed+") {
                let length = u32::try_from(call.len()).unwrap();
                call.splice(..0, length.to_be_bytes());
            }
            stream.write_all(&call).unwrap();
            assert_eq!(rest(&mut stream), [], "{model:?} {transport}");
            eventually("it is counted", || {
                running.handle.stats().connections_failed == 1
            });
            let stats = running.handle.stats();
            assert_eq!(stats.connections_failed_by(ErrorKind::Limit), 1);
            assert_eq!(stats.connections_foreign, 0, "{model:?} {transport}");
        }
    }
}

fn log_in(stream: &mut impl Stream) {
    let login = b"\x01\0\0\0\x05PLAIN\x02\0\0\0\x11\0alice\0wonderland";
    stream.write_all(login).unwrap();
    let mut done = [0; 5];
    stream.read_exact(&mut done).unwrap();
    assert_eq!(done, *b"\x05\0\0\0\0");
}

/// T06 of the battery, of what is longest among the heads: where it is divided makes no difference.
#[test]
fn t06_a_long_name_in_an_old_head_may_come_in_pieces() {
    let name = [b'x'; 300];
    let call = [&[0, 0, 1, 44][..], &name, &[1, 0, 0, 0, 7, 0]].concat();
    for (transport, frame) in [("buffered", None), ("framed+buffered", Some(310_u32))] {
        let frame = frame.map(u32::to_be_bytes).into_iter().flatten();
        let call: Vec<_> = frame.chain(call.iter().copied()).collect();
        for model in MODELS {
            let running = Running::memory(&ServerConfig::new("").model(model).transport(transport));
            let answer = |split: usize| {
                let mut stream = running.stream();
                let read = || running.handle.stats().bytes_read;
                let before = read();
                stream.write_all(&call[..split]).unwrap();
                eventually("it has read them", || read() == before + split as u64);
                stream.write_all(&call[split..]).unwrap();
                stream.closer().shutdown(std::net::Shutdown::Write);
                rest(&mut stream)
            };
            let whole = answer(call.len());
            assert!(whole.len() > 300, "it knows no such function");
            for split in 1..call.len() {
                assert_eq!(answer(split), whole, "{model:?} {transport} {split}");
            }
        }
    }
}
