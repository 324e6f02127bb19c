//! T18: after anything but a clean reply, no call ever gets what was meant for another.

use std::collections::BTreeMap;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;
use seapink::config::{PoolConfig, ReconnectConfig, RetryConfig};
use seapink::transport::{
    Closer, Listener, MemoryConnector, MemoryListener, MemoryStream, ReadHalf, Split, Stream,
    WriteHalf,
};
use seapink::{ApplicationCode, Client, ClientConfig, ErrorKind, MessageKind};

use crate::support::{AGES, Call, Echo, Server, frame, reply, until_gone};

/// One connection, several, and several that are shared.
fn configs() -> [ClientConfig; 3] {
    // Nobody is refused here, so there is nothing to wait for.
    let reconnect = ReconnectConfig::default().min_ms(1).max_ms(1);
    let config = || ClientConfig::new("").reconnect(reconnect);
    let pool = PoolConfig::default().connections_max(3);
    [
        config(),
        config().pool(pool.clone()),
        config().pool(pool.calls_per_connection(4)),
    ]
}

/// What a server says instead of the reply.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Silence,
    Garbage,
    OtherId,
    OtherType,
    OtherName,
    End,
}

impl Fault {
    fn bytes(self, call: &Call) -> Vec<u8> {
        match self {
            Self::Silence | Self::End => Vec::new(),
            Self::Garbage => frame(&[0x80, 1, 0, 2, 0, 0, 0, 9]),
            Self::OtherId => reply("echo", MessageKind::Reply, call.id + 100, "forged"),
            Self::OtherType => reply("echo", MessageKind::Call, call.id, "forged"),
            Self::OtherName => reply("ohce", MessageKind::Reply, call.id, "forged"),
        }
    }
}

#[test]
fn t18_a_connection_with_a_fault_is_not_used_again() {
    let kind = |code| Some(ErrorKind::Application(code));
    for (fault, expected) in [
        (Fault::Silence, Some(ErrorKind::Timeout)),
        (Fault::Garbage, None),
        (Fault::OtherId, kind(ApplicationCode::BAD_SEQUENCE_ID)),
        (
            Fault::OtherType,
            kind(ApplicationCode::INVALID_MESSAGE_TYPE),
        ),
        (Fault::OtherName, kind(ApplicationCode::WRONG_METHOD_NAME)),
        (Fault::End, Some(ErrorKind::Closed)),
    ] {
        for config in configs() {
            let server = Server::new(move |number, stream| {
                while let Some(call) = Call::read(stream) {
                    if number > 1 {
                        stream.write_all(&call.reply()).unwrap();
                        continue;
                    }
                    let mut bytes = fault.bytes(&call);
                    if !matches!(fault, Fault::Silence | Fault::End) {
                        // And what could be taken for the replies to the next calls.
                        for id in 1..50 {
                            bytes.extend(reply("echo", MessageKind::Reply, call.id + id, "stale"));
                        }
                    }
                    // The client may be gone by now.
                    let _ = stream.write_all(&bytes);
                    if !matches!(fault, Fault::End) {
                        until_gone(stream);
                    }
                    return;
                }
            });
            let client = server.client(&config);
            let ms = if matches!(fault, Fault::Silence) {
                50
            } else {
                20_000
            };
            let error = client.within(ms).call("first").unwrap_err();
            if let Some(expected) = expected {
                assert_eq!(error.kind(), expected, "{fault:?}: {error}");
            }
            assert!(!error.is_retryable());
            for token in 0..20 {
                let token = format!("{fault:?}/{token}");
                assert_eq!(client.call(&token).unwrap(), token);
            }
            assert_eq!(server.accepted(), 2, "{fault:?}");
        }
    }
}

/// Between clients and a server: delays, cuts, stops.
struct Proxy {
    connector: MemoryConnector,
    wake: seapink::transport::Waker,
}

impl Proxy {
    fn new(server: &Server) -> Self {
        let (mut listener, connector) = MemoryListener::new();
        let (wake, back) = (listener.waker(), server.connector.clone());
        let seed = AtomicU64::new(7);
        thread::spawn(move || {
            while let Some(front) = listener.accept().unwrap() {
                let back: Box<MemoryStream> = Box::new(back.open().unwrap());
                let closers = [front.closer(), back.closer()];
                let [(front_in, front_out), (back_in, back_out)] = [front.split(), back.split()]
                    .map(|split| match split {
                        Split::Halves(reader, writer) => (reader, writer),
                        _ => panic!("streams in memory can be split"),
                    });
                for (reader, writer) in [(front_in, back_out), (back_in, front_out)] {
                    let rng = Rng::with_seed(seed.fetch_add(1, Ordering::Relaxed));
                    let closers = closers.clone();
                    thread::spawn(move || pump(reader, writer, rng, &closers));
                }
            }
        });
        Self { connector, wake }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        (self.wake)();
    }
}

fn pump(
    mut reader: Box<dyn ReadHalf>,
    mut writer: Box<dyn WriteHalf>,
    mut rng: Rng,
    closers: &[Closer],
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer, AGES) {
        let bytes = &buffer[..count];
        let mut write = |bytes: &[u8]| writer.write(bytes, AGES).is_ok_and(|n| n == bytes.len());
        let good = match rng.u32(0..200) {
            // Cut in the middle.
            0..4 => {
                write(&bytes[..rng.usize(0..=count)]);
                for closer in closers {
                    closer.shutdown(Shutdown::Both);
                }
                false
            }
            // Half closed: the other direction goes on.
            4..6 => false,
            // It stops here, and nobody is told.
            6..8 => {
                write(&bytes[..count / 2]);
                while let Ok(1..) = reader.read(&mut buffer, AGES) {}
                false
            }
            8..14 => {
                thread::sleep(Duration::from_millis(rng.u64(1..5)));
                write(bytes)
            }
            14..20 => bytes.iter().all(|byte| write(&[*byte])),
            _ => write(bytes),
        };
        if !good {
            return;
        }
    }
}

/// Answers with the call's text, and sometimes with an old reply once more.
fn echo(seen: &Arc<Mutex<BTreeMap<String, usize>>>) -> Server {
    let seen = Arc::clone(seen);
    let seeds = AtomicU64::new(99);
    Server::new(move |_, stream| {
        let mut rng = Rng::with_seed(seeds.fetch_add(1, Ordering::Relaxed));
        let mut before = Vec::new();
        while let Some(call) = Call::read(stream) {
            *seen.lock().entry(call.text.clone()).or_default() += 1;
            let mut bytes = call.reply();
            match rng.u32(0..100) {
                0 => bytes = [&before[..], &bytes].concat(),
                1 => bytes.extend_from_slice(&before),
                _ => {}
            }
            before = call.reply();
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    })
}

const THREADS: usize = 4;

/// Calls of each thread. `SEAPINK_CALLS=100000` asks for more, in the release profile for example.
fn calls() -> usize {
    let asked = std::env::var("SEAPINK_CALLS").ok();
    asked.map_or(400, |calls| calls.parse().unwrap())
}

/// Each call of each thread has a text of its own. Returns how many were answered.
fn hammer(client: &Echo) -> usize {
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                let mut good = 0;
                for call in 0..calls() {
                    let token = format!("{thread}/{call}/{}", "x".repeat(call % 5 * 300));
                    let reply = match call % 4 {
                        0 => client.send(&token).and_then(crate::support::wait),
                        1 => client.call_idempotent(&token),
                        _ => client.call(&token),
                    };
                    if let Ok(reply) = reply {
                        assert_eq!(reply, token);
                        good += 1;
                    }
                }
                good
            })
        })
        .collect();
    // They end, since each call does.
    threads.into_iter().map(|it| it.join().unwrap()).sum()
}

#[test]
fn t18_no_reply_reaches_another_call_and_no_call_is_sent_twice() {
    for config in configs() {
        let seen = Arc::default();
        let server = echo(&seen);
        let proxy = Proxy::new(&server);
        let client = Client::with_connector(proxy.connector.clone(), &config);
        let good = hammer(&Echo(client.unwrap()).within(80));
        assert!(good > THREADS * calls() / 2, "only {good} were answered");
        assert!(server.accepted() > 5, "hardly anything went wrong");
        let seen = seen.lock();
        let twice = seen.iter().find(|(_, times)| **times > 1);
        assert_eq!(twice, None);
    }
}

#[test]
fn t18_retries_bring_the_right_replies_too() {
    let retry = RetryConfig::default().backoff_min_ms(1).backoff_max_ms(2);
    let retry = retry.budget_percent(1_000).attempt_ms(30);
    for config in configs() {
        let seen = Arc::default();
        let server = echo(&seen);
        let proxy = Proxy::new(&server);
        let client = Client::with_connector(proxy.connector.clone(), &config.retry(retry));
        let good = hammer(&Echo(client.unwrap()).within(80));
        assert!(good > THREADS * calls() / 2, "only {good} were answered");
        // Only what may be run twice was.
        for (token, times) in &*seen.lock() {
            let call: usize = token.split('/').nth(1).unwrap().parse().unwrap();
            assert!(
                *times == 1 || call % 4 == 1,
                "{token} was sent {times} times"
            );
            assert!(*times <= 3);
        }
    }
}
