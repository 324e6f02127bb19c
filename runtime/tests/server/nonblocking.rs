//! The model `nonblocking` on sockets: streams in memory cannot be polled, and get threads.

#![cfg(unix)]

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use seapink::config::{Dispatch, Model, ServerTimeouts};
use seapink::transport::{
    Address, Closer, Listener, Readiness, SocketStream, Split, Stream, Waker,
};
use seapink::{ErrorKind, Peer, Server, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, Probe, ProbeClient, Running, eventually};

/// One loop, so that whatever holds it up holds up everybody.
fn config(dispatch: Dispatch) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(Model::Nonblocking)
        .io_threads(1)
        .dispatch(dispatch)
}

const BOTH: [Dispatch; 2] = [Dispatch::Workers, Dispatch::Inline];

fn framed() -> Raw {
    Raw::named("framed", "binary")
}

#[test]
fn every_split_of_two_calls_gives_the_same_answers() {
    for dispatch in BOTH {
        for raw in Raw::all() {
            let mut bytes = raw.echo(1, "one");
            bytes.extend(raw.echo(2, "two"));
            let config = config(dispatch).transport(raw.transport);
            let running = Running::bind(&config.protocol(raw.wire().name()));
            let mut stream = running.tcp();
            for split in 1..bytes.len() {
                stream.write_all(&bytes[..split]).unwrap();
                std::thread::yield_now();
                stream.write_all(&bytes[split..]).unwrap();
                let found = raw.read(&mut stream, 2);
                assert_eq!(found, replies(&[("echo", 1), ("echo", 2)]), "{split}");
            }
        }
    }
}

#[test]
fn long_batches_keep_their_order_and_lose_nothing() {
    for dispatch in BOTH {
        let running = Running::bind(&config(dispatch));
        let address = running.handle.local_addr().to_string();
        let address = address.strip_prefix("tcp://").unwrap();
        let mut writer = std::net::TcpStream::connect(address).unwrap();
        let mut stream = SocketStream::tcp(writer.try_clone().unwrap()).unwrap();
        // 6 MB of answers, which nobody reads before everything is sent: the server stops reading,
        // and goes on where it was.
        let calls: Vec<u8> = (0..4000)
            .flat_map(|id| framed().call(id, |client| client.big(1500)))
            .collect();
        let sending = std::thread::spawn(move || writer.write_all(&calls).unwrap());
        eventually("it is held up", || running.handle.stats().replies > 100);
        let expected: Vec<_> = (0..4000).map(|id| ("big", id)).collect();
        assert_eq!(framed().read(&mut stream, 4000), replies(&expected));
        sending.join().unwrap();
    }
}

#[test]
fn big_messages_arrive_in_many_reads() {
    for dispatch in BOTH {
        let running = Running::bind(&config(dispatch));
        let clients: Vec<_> = (0..4).map(|_| running.client()).collect();
        std::thread::scope(|scope| {
            for client in &clients {
                scope.spawn(|| {
                    for bytes in [10_000, 70_000, 1_000_000, 3, 16_385, 65_500, 65_536] {
                        let text = "x".repeat(bytes);
                        assert_eq!(client.echo(&text).unwrap(), text);
                    }
                });
            }
        });
    }
}

#[test]
fn half_a_message_and_idle_peers_keep_nobody_waiting() {
    for dispatch in BOTH {
        let running = Running::bind(&config(dispatch));
        let call = framed().echo(1, "slow");
        let mut slow: Vec<_> = (0..50).map(|_| running.tcp()).collect();
        for stream in &mut slow {
            stream.write_all(&call[..7]).unwrap();
        }
        let client = running.client();
        for _ in 0..20 {
            assert_eq!(client.echo("fast").unwrap(), "fast");
        }
        for stream in &mut slow {
            stream.write_all(&call[7..]).unwrap();
            assert_eq!(framed().read(stream, 1), replies(&[("echo", 1)]));
        }
    }
}

#[test]
fn a_slow_handler_holds_up_its_connection_only() {
    let running = Running::bind(&config(Dispatch::Workers).workers(2));
    let mut slow = running.tcp();
    let mut calls = framed().call(1, ProbeClient::wait);
    calls.extend(framed().echo(2, "x"));
    slow.write_all(&calls).unwrap();
    running.handler.until_waiting(1);
    // What arrives meanwhile is not lost, and not answered out of turn.
    slow.write_all(&framed().echo(3, "x")).unwrap();
    assert_eq!(running.client().echo("fast").unwrap(), "fast");
    assert!(slow.is_quiet());
    running.handler.release();
    let expected = replies(&[("wait", 1), ("echo", 2), ("echo", 3)]);
    assert_eq!(framed().read(&mut slow, 3), expected);
}

#[test]
fn calls_for_which_there_is_no_worker_are_answered_at_once() {
    let config = config(Dispatch::Workers).workers(1).queue(1);
    let mut running = Running::bind(&config);
    let mut busy = running.tcp();
    busy.write_all(&framed().call(1, ProbeClient::wait))
        .unwrap();
    running.handler.until_waiting(1);
    let mut queued = running.tcp();
    queued.write_all(&framed().echo(2, "x")).unwrap();

    // From the moment that the second one is in the queue.
    let client = running.client();
    let text = "overloaded: the server's queue is full";
    let mut others = Vec::new();
    loop {
        let mut other = running.tcp();
        other.write_all(&framed().echo(3, "x")).unwrap();
        let before = running.handle.stats().exceptions;
        if before > 0 {
            break;
        }
        others.push(other);
        std::thread::yield_now();
    }
    for _ in 0..3 {
        let error = client.echo("x").unwrap_err().other();
        assert_eq!(error.to_string(), text);

        assert_eq!(error.kind(), ErrorKind::Overloaded);
    }
    // A oneway call is not answered even then.
    client.note("ok").unwrap();

    running.handler.release();
    assert_eq!(framed().read(&mut busy, 1), replies(&[("wait", 1)]));
    eventually("there is room", || client.echo("x").is_ok());
    drop((others, queued));
    assert!(running.shutdown(AGES).is_clean());
}

#[test]
fn time_outs_are_those_of_the_configuration() {
    for dispatch in BOTH {
        let timeouts = ServerTimeouts::default().idle_ms(30).read_ms(30);
        let running = Running::bind(&config(dispatch).timeouts(timeouts));
        let (mut idle, mut slow) = (running.tcp(), running.tcp());
        slow.write_all(&framed().echo(1, "x")[..5]).unwrap();
        assert_eq!(rest(&mut idle), []);
        assert_eq!(rest(&mut slow), []);
        eventually("both are counted", || {
            running.handle.stats().connections_failed == 2
        });

        let timeouts = ServerTimeouts::default().write_ms(30);
        let running = Running::bind(&config(dispatch).timeouts(timeouts));
        let mut full = running.tcp();
        full.write_all(&framed().call(1, |client| client.big(15_000_000)))
            .unwrap();
        eventually("it is cut", || {
            running.handle.stats().connections_failed == 1
        });
        // One that is slow, but takes something, has the time for the whole anew after each batch.
        assert_eq!(running.client().big(300_000).unwrap().len(), 300_000);
    }
}

#[test]
fn a_message_that_has_begun_to_arrive_is_answered_before_the_end() {
    for dispatch in BOTH {
        let mut running = Running::bind(&config(dispatch));
        let call = framed().echo(1, "x");
        let (mut idle, mut slow) = (running.tcp(), running.tcp());
        slow.write_all(&framed().echo(0, "x")).unwrap();
        assert_eq!(framed().read(&mut slow, 1), replies(&[("echo", 0)]));
        idle.write_all(&framed().echo(0, "x")).unwrap();
        assert_eq!(framed().read(&mut idle, 1), replies(&[("echo", 0)]));
        slow.write_all(&call[..5]).unwrap();
        let handle = running.handle.clone();
        let shutdown = std::thread::spawn(move || handle.shutdown(AGES));
        assert_eq!(rest(&mut idle), []);
        slow.write_all(&call[5..]).unwrap();
        assert_eq!(framed().read(&mut slow, 1), replies(&[("echo", 1)]));
        assert_eq!(rest(&mut slow), []);
        assert!(shutdown.join().unwrap().is_clean());
        running.join();
    }
}

#[test]
fn a_peer_that_closes_its_half_still_gets_its_answers() {
    for dispatch in BOTH {
        let running = Running::bind(&config(dispatch));
        let mut stream = running.tcp();
        let mut calls = framed().echo(1, "x");
        calls.extend(framed().echo(2, "x"));
        stream.write_all(&calls).unwrap();
        stream.closer().shutdown(std::net::Shutdown::Write);
        let expected = replies(&[("echo", 1), ("echo", 2)]);
        assert_eq!(framed().read(&mut stream, 2), expected);
        assert_eq!(rest(&mut stream), []);
        eventually("it is gone", || {
            running.handle.stats().connections_open == 0
        });
        assert_eq!(running.handle.stats().connections_failed, 0);
    }
}

/// Hands out streams that count their writes.
struct Counting {
    streams: Receiver<Option<UnixStream>>,
    wake: Sender<Option<UnixStream>>,
    writes: Arc<AtomicUsize>,
}

struct Counted {
    inner: SocketStream,
    writes: Arc<AtomicUsize>,
}

impl Listener for Counting {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let Ok(Some(stream)) = self.streams.recv() else {
            return Ok(None);
        };
        let inner = SocketStream::unix(stream)?;
        let writes = Arc::clone(&self.writes);
        Ok(Some(Box::new(Counted { inner, writes })))
    }

    fn waker(&self) -> Waker {
        let wake = self.wake.clone();
        Arc::new(move || drop(wake.send(None)))
    }

    fn local_addr(&self) -> Address {
        Address::Memory
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Stream for Counted {
    fn peer(&self) -> Peer {
        self.inner.peer()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_write_timeout(timeout)
    }

    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        self.inner.set_nonblocking(nonblocking)
    }

    fn closer(&self) -> Closer {
        self.inner.closer()
    }

    fn is_quiet(&mut self) -> bool {
        self.inner.is_quiet()
    }

    fn split(self: Box<Self>) -> Split {
        Split::Whole(self)
    }

    fn readiness(&self) -> Readiness<'_> {
        self.inner.readiness()
    }
}

#[test]
fn a_batch_is_answered_by_one_write() {
    for dispatch in BOTH {
        let (wake, streams) = channel();
        let writes = Arc::new(AtomicUsize::new(0));
        let listener = Counting {
            streams,
            wake: wake.clone(),
            writes: Arc::clone(&writes),
        };
        let config = config(dispatch).in_flight_max(100);
        let server = Server::with_listener(listener, &config, Probe::default());
        let server = server.unwrap();
        let handle = server.handle();
        let thread = std::thread::spawn(move || server.run());

        let (mut near, far) = UnixStream::pair().unwrap();
        let calls: Vec<u8> = (0..100).flat_map(|id| framed().echo(id, "x")).collect();
        near.write_all(&calls).unwrap();
        let begun = Instant::now();
        wake.send(Some(far)).unwrap();
        let mut near = SocketStream::unix(near).unwrap();
        let expected: Vec<_> = (0..100).map(|id| ("echo", id)).collect();
        assert_eq!(framed().read(&mut near, 100), replies(&expected));
        // No answer waits for longer than a millisecond, even where the machine is slow.
        let writes = writes.load(Ordering::SeqCst) as u128;
        assert!(writes <= 1 + begun.elapsed().as_millis(), "{writes}");

        assert!(handle.shutdown(AGES).is_clean());
        thread.join().unwrap().unwrap();
    }
}
