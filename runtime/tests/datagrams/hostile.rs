//! Datagrams that are not what they should be: each is counted by name, none of them is answered unless it
//! is known to be a call, and none has an effect on others.

use std::net::UdpSocket;

use seapink::config::{Model, ServerUdp};
use seapink::server::DatagramFault;
use seapink::{Limits, MessageKind};

use crate::raw::{answer, echo, is_silent, message, socket, until_lost};
use crate::support::{Running, eventually};
use crate::{MODELS, PROTOCOLS, config};

/// Sends it, and waits until it was seen: the system may drop what comes too fast.
fn send(server: &Running, socket: &UdpSocket, bytes: &[u8]) {
    let seen = || server.handle.stats().datagrams;
    let before = seen();
    socket.send(bytes).unwrap();
    eventually("it is received", || seen() > before);
}

/// Reads what has come back, and counts it.
fn answers(socket: &UdpSocket, protocol: &str) -> u64 {
    socket.send(&echo(protocol, "the last")).unwrap();
    let mut exceptions = 0;
    loop {
        let (kind, id, _) = answer(socket, protocol);
        assert_eq!(id, 7);
        if kind == MessageKind::Reply {
            return exceptions;
        }
        exceptions += 1;
    }
}

#[test]
fn cut_short_at_every_byte() {
    for model in MODELS {
        for (server_protocol, protocol) in PROTOCOLS
            .into_iter()
            .map(|protocol| (protocol, protocol))
            .chain(PROTOCOLS.map(|protocol| ("auto", protocol)))
        {
            let server = Running::bind(&config(model, server_protocol));
            let socket = socket(&server);
            let whole = echo(protocol, "cut me short");
            for len in 1..whole.len() {
                send(&server, &socket, &whole[..len]);
            }
            // Behind the head it is clear which call it is.
            let answered = answers(&socket, protocol);
            assert!(answered > 12, "{protocol}: {answered}");
            assert!(answered <= whole.len() as u64 - 8, "{protocol}: {answered}");
            let lost = whole.len() as u64 - 1;
            until_lost(&server, DatagramFault::CutShort, lost);
            assert_eq!(server.handle.stats().datagrams_lost, lost);
        }
    }
}

#[test]
fn oneway_calls_cut_short_are_not_answered() {
    for protocol in PROTOCOLS {
        let server = Running::bind(&config(Model::ThreadPool, protocol));
        let socket = socket(&server);
        let whole = message(protocol, |client| client.note("cut").unwrap());
        for len in 1..whole.len() {
            send(&server, &socket, &whole[..len]);
        }
        is_silent(&socket, protocol);
        assert!(!server.handler.has_noted("cut"));
        until_lost(&server, DatagramFault::CutShort, whole.len() as u64 - 1);
    }
}

#[test]
fn empty_and_full_and_more_than_full() {
    for model in MODELS {
        for protocol in PROTOCOLS {
            let server = Running::bind(&config(model, protocol));
            let socket = socket(&server);
            send(&server, &socket, b"");
            until_lost(&server, DatagramFault::Empty, 1);
            // A call without an answer, which might be longer.
            let note = |text: &str| message(protocol, |client| client.note(text).unwrap());
            // With three bytes for the length of the text instead of one.
            let more = if protocol == "compact" { 2 } else { 0 };
            let text = "x".repeat(65_507 - note("").len() - more);
            let largest = note(&text);
            assert_eq!(largest.len(), 65_507);
            send(&server, &socket, &largest);
            server.handler.until_noted(&text);
            let mut more = echo(protocol, "something stands behind me");
            more.push(0);
            send(&server, &socket, &more);
            until_lost(&server, DatagramFault::Trailing, 1);
            let twice = echo(protocol, "twice").repeat(2);
            send(&server, &socket, &twice);
            until_lost(&server, DatagramFault::Trailing, 2);
            assert_eq!(answers(&socket, protocol), 2);
        }
    }
}

#[test]
fn longer_than_it_may_be() {
    for protocol in PROTOCOLS {
        let max = 300;
        let udp = ServerUdp::default().datagram_bytes_max(max);
        let server = Running::bind(&config(Model::ThreadPool, protocol).udp(udp));
        let socket = socket(&server);
        let note = |text: &str| message(protocol, |client| client.note(text).unwrap());
        let more = usize::from(protocol == "compact");
        let text = "x".repeat(max - note("").len() - more);
        assert_eq!(note(&text).len(), max);
        send(&server, &socket, &note(&text));
        server.handler.until_noted(&text);
        for more in [1, max, 60_000] {
            let longer = text.clone() + &"x".repeat(more);
            send(&server, &socket, &echo(protocol, &longer));
            send(&server, &socket, &note(&longer));
        }
        until_lost(&server, DatagramFault::TooLong, 6);
        assert_eq!(answers(&socket, protocol), 3);
    }
}

/// The limit of a message is taken, and one more is refused.
#[test]
fn limits_of_messages_hold() {
    for protocol in PROTOCOLS {
        let limits = Limits::default().string_bytes_max(10);
        let config = config(Model::ThreadPool, protocol).limits(limits);
        let server = Running::bind(&config);
        let socket = socket(&server);
        send(&server, &socket, &echo(protocol, "0123456789"));
        let (kind, ..) = answer(&socket, protocol);
        assert_eq!(kind, MessageKind::Reply);
        send(&server, &socket, &echo(protocol, "0123456789!"));
        let (kind, ..) = answer(&socket, protocol);
        assert_eq!(kind, MessageKind::Exception);
    }
}

/// What other protocols say first.
const STRANGERS: [&[u8]; 8] = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00",
    b"EHLO localhost\r\n",
    // DNS, and a message in frames.
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example",
    b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07\0",
];

#[test]
fn strangers_are_told_apart() {
    for protocol in ["binary", "compact", "json", "auto"] {
        let server = Running::bind(&config(Model::ThreadPool, protocol));
        let socket = socket(&server);
        for stranger in STRANGERS {
            send(&server, &socket, stranger);
        }
        let spoken = if protocol == "auto" { "json" } else { protocol };
        is_silent(&socket, spoken);
        until_lost(&server, DatagramFault::Foreign, STRANGERS.len() as u64);
    }
    // Another protocol of Thrift.
    let server = Running::bind(&config(Model::ThreadPool, "compact"));
    let socket = socket(&server);
    send(&server, &socket, &echo("binary", "wrong"));
    send(&server, &socket, &echo("json", "wrong"));
    is_silent(&socket, "compact");
    until_lost(&server, DatagramFault::Foreign, 2);
}

/// Sizes that no datagram has, of every kind.
#[test]
fn declared_sizes_are_not_believed() {
    let sizes: [u32; 9] = [
        127,
        128,
        32_767,
        32_768,
        1 << 24,
        i32::MAX as u32,
        1 << 31,
        u32::MAX - 1,
        u32::MAX,
    ];
    let server = Running::bind(&config(Model::ThreadPool, "binary"));
    let socket = socket(&server);
    let head = b"\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07";
    let mut sent = 0;
    for size in sizes {
        let size = size.to_be_bytes();
        // A text, a list, a set and a map of texts, and the name of the function.
        let fields: [(&[u8], &[u8]); 5] = [
            (&head[..], b"\x0b\0\x01"),
            (&head[..], b"\x0f\0\x01\x0b"),
            (&head[..], b"\x0e\0\x01\x0b"),
            (&head[..], b"\x0d\0\x01\x0b\x0b"),
            (b"\x80\x01\0\x01", b""),
        ];
        for (head, field) in fields {
            for rest in [0, 1, 16] {
                let bytes = [head, field, &size, &vec![0; rest]].concat();
                send(&server, &socket, &bytes);
                sent += 1;
            }
        }
    }
    eventually("all are lost", || {
        server.handle.stats().datagrams_lost == sent
    });
    let stats = server.handle.stats();
    let counted = [
        DatagramFault::CutShort,
        DatagramFault::Limit,
        DatagramFault::Malformed,
    ];
    let counted = counted.map(|fault| stats.datagrams_lost_by(fault));
    assert_eq!(counted.iter().sum::<u64>(), sent, "{stats:?}");
    assert!(counted.iter().all(|count| *count > 0), "{stats:?}");
    assert_eq!(stats.replies, 0);
}

#[test]
fn a_hundred_thousand_at_random_and_then_a_good_one() {
    for (seed, protocol) in [(1, "binary"), (2, "compact"), (3, "json"), (4, "auto")] {
        let server = Running::bind(&config(Model::ThreadPool, protocol));
        let (noise, good) = (socket(&server), socket(&server));
        let mut random = fastrand::Rng::with_seed(seed);
        let spoken = if protocol == "auto" {
            "binary"
        } else {
            protocol
        };
        let whole = echo(spoken, "mutate me");
        for turn in 0..25_000 {
            let bytes: Vec<u8> = if turn % 2 == 0 {
                (0..random.usize(..64)).map(|_| random.u8(..)).collect()
            } else {
                let mut bytes = whole.clone();
                let at = random.usize(..bytes.len());
                bytes[at] ^= random.u8(1..);
                bytes
            };
            // Answers of its own pile up unread.
            noise.send(&bytes).unwrap();
        }
        // What comes in a flood may be dropped, also the good one.
        good.set_read_timeout(Some(std::time::Duration::from_millis(200)))
            .unwrap();
        let heard = (0..100).any(|_| {
            good.send(&echo(spoken, "good")).unwrap();
            good.recv(&mut [0; 100]).is_ok()
        });
        assert!(heard, "{protocol}");
        let stats = server.handle.stats();
        assert!(
            stats.datagrams > 1000 && stats.datagrams_lost > 100,
            "{stats:?}"
        );
    }
}
