//! What arrives as bytes: pieces, batches, and things that are no calls.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seapink::config::Model;
use seapink::transport::{
    Address, Closer, Listener, MemoryListener, MemoryStream, SocketStream, Split, Stream, Waker,
};
use seapink::{MessageKind, Peer, Server, ServerConfig};

use crate::raw::{Raw, replies, rest};
use crate::support::{AGES, MODELS, Probe, ProbeClient, Running, eventually};

fn config(raw: Raw) -> ServerConfig {
    ServerConfig::new("")
        .transport(raw.transport)
        .protocol(raw.wire().name())
}

#[test]
fn every_split_of_two_calls_gives_the_same_answers() {
    for raw in Raw::all() {
        let mut bytes = raw.echo(1, "one");
        bytes.extend(raw.echo(2, "two"));
        let running = Running::memory(&config(raw).model(Model::Threaded));
        for split in 1..bytes.len() {
            let mut stream = running.stream();
            stream.write_all(&bytes[..split]).unwrap();
            // Lets the server see the first part alone, most of the time.
            std::thread::yield_now();
            stream.write_all(&bytes[split..]).unwrap();
            let found = raw.read(&mut stream, 2);
            assert_eq!(
                found,
                replies(&[("echo", 1), ("echo", 2)]),
                "split at {split}"
            );
        }
    }
}

#[test]
fn byte_at_a_time_gives_the_same_answers() {
    for model in MODELS {
        for raw in Raw::all() {
            let running = Running::memory(&config(raw).model(model));
            // One byte is all that the pipe holds, so each is read alone.
            let mut stream = running.connector().clone().capacity(1).open().unwrap();
            let bytes = raw.echo(7, "slowly");
            stream.write_all(&bytes).unwrap();
            assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 7)]));
        }
    }
}

/// A listener whose streams count their writes, and do not say when they can be read.
struct Counting {
    inner: MemoryListener,
    writes: Arc<AtomicUsize>,
}

struct CountingStream {
    inner: Box<dyn Stream>,
    writes: Arc<AtomicUsize>,
}

impl Listener for Counting {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        let inner = self.inner.accept()?;
        Ok(inner.map(|inner| {
            let writes = Arc::clone(&self.writes);
            Box::new(CountingStream { inner, writes }) as Box<dyn Stream>
        }))
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }

    fn local_addr(&self) -> Address {
        self.inner.local_addr()
    }
}

impl Read for CountingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl Write for CountingStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Stream for CountingStream {
    fn peer(&self) -> Peer {
        self.inner.peer()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.set_write_timeout(timeout)
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
}

#[test]
fn pipelined_calls_are_answered_in_order_by_one_write() {
    for model in MODELS {
        for raw in Raw::all() {
            let (inner, connector) = MemoryListener::new();
            let writes = Arc::new(AtomicUsize::new(0));
            let listener = Counting {
                inner,
                writes: Arc::clone(&writes),
            };
            let server =
                Server::with_listener(listener, &config(raw).model(model), Probe::default());
            let server = server.unwrap();
            let handle = server.handle();
            let thread = std::thread::spawn(move || server.run());

            let mut bytes = Vec::new();
            for id in 0..20 {
                bytes.extend(raw.echo(id, "x"));
                bytes.extend(raw.call(100 + id, |client| client.note("fail")));
            }
            let mut stream = connector.open().unwrap();
            let begun = Instant::now();
            stream.write_all(&bytes).unwrap();
            let expected: Vec<_> = (0..20).map(|id| ("echo", id)).collect();
            assert_eq!(raw.read(&mut stream, 20), replies(&expected));
            // No answer waits for longer than a millisecond, even where the machine is slow.
            let writes = writes.load(Ordering::SeqCst) as u128;
            assert!(writes <= 1 + begun.elapsed().as_millis(), "{writes}");

            drop(stream);
            assert!(handle.shutdown(AGES).is_clean());
            thread.join().unwrap().unwrap();
        }
    }
}

#[test]
fn replies_of_a_batch_are_written_before_they_pile_up() {
    let raw = Raw::named("framed", "binary");
    let running = Running::memory(&config(raw).model(Model::Threaded));
    let mut stream = running.stream();
    let bytes: Vec<u8> = (0..40)
        .flat_map(|id| raw.call(id, |client| client.big(50_000)))
        .collect();
    stream.write_all(&bytes).unwrap();
    // 2 MB of answers do not fit into the pipe, so the server has stopped in the middle.
    eventually("the first replies", || running.handle.stats().replies >= 2);
    assert!(running.handle.stats().replies < 10);
    let expected: Vec<_> = (0..40).map(|id| ("big", id)).collect();
    assert_eq!(raw.read(&mut stream, 40), replies(&expected));
}

#[test]
fn what_is_no_call_gets_the_right_answer_or_none() {
    use seapink::codegen::Output;
    use seapink::protocol::{Binary, MessageHead, Protocol};

    let raw = Raw::named("framed", "binary");
    let running = Running::memory(&config(raw));
    let mut stream = running.stream();
    let message = |kind| {
        let limits = seapink::Limits::default();
        let mut out = Binary::output(Vec::new(), &limits);
        out.message_begin(&MessageHead::new("echo", kind, 5));
        out.struct_begin("arguments");
        out.struct_end();
        raw.wrap(&out.finish().into_bytes().unwrap())
    };
    for (bytes, name, kind) in [
        // A server is sent a reply: code 2.
        (message(MessageKind::Reply), "echo", MessageKind::Exception),
        (
            message(MessageKind::Exception),
            "echo",
            MessageKind::Exception,
        ),
        // An absent argument is no error.
        (message(MessageKind::Call), "echo", MessageKind::Reply),
        (
            raw.call(5, ProbeClient::unknown),
            "nope",
            MessageKind::Exception,
        ),
    ] {
        // A oneway call in between is never answered, whatever its function is.
        stream.write_all(&message(MessageKind::Oneway)).unwrap();
        stream.write_all(&bytes).unwrap();
        assert_eq!(raw.read(&mut stream, 1), [(name.to_owned(), kind, 5)]);
    }
}

/// Sends bytes to a server, and expects nothing but the end.
fn closes(running: &Running, bytes: &[u8]) {
    let before = running.handle.stats();
    let mut stream = running.stream();
    stream.write_all(bytes).unwrap();
    assert_eq!(rest(&mut stream), []);
    let failed = before.connections_failed + 1;
    eventually("the failure is counted", || {
        running.handle.stats().connections_failed == failed
    });
}

#[test]
fn strangers_and_bombs_are_closed_at_once() {
    for model in MODELS {
        for transport in ["framed", "buffered"] {
            let raw = Raw::named(transport, "binary");
            let running = Running::memory(&config(raw).model(model));
            for bytes in [
                &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                b"SSH-2.0-OpenSSH_9.9\r\n",
                b"EHLO example.org\r\n",
                // 2³¹ − 1 bytes of message, frame or name.
                b"\x7f\xff\xff\xff\x80\x01",
                b"\xff\xff\xff\xff\x80\x01",
            ] {
                closes(&running, bytes);
            }
            let stats = running.handle.stats();
            assert_eq!((stats.replies, stats.exceptions, stats.oneways), (0, 0, 0));
            assert_eq!(running.client().echo("others live").unwrap(), "others live");
        }
    }
}

#[test]
fn empty_frames_are_refused() {
    let running = Running::memory(&config(Raw::named("framed", "binary")));
    closes(&running, &[0; 4]);
    closes(&running, &[0; 4000]);
}

#[test]
fn a_frame_without_a_readable_head_ends_the_connection() {
    let running = Running::memory(&config(Raw::named("framed", "binary")));
    closes(&running, b"\0\0\0\x05lorem");
    // The calls before it are answered.
    let raw = Raw::named("framed", "binary");
    let mut stream = running.stream();
    let mut bytes = raw.echo(1, "good");
    bytes.extend(b"\0\0\0\x05lorem");
    stream.write_all(&bytes).unwrap();
    assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 1)]));
    assert_eq!(rest(&mut stream), []);
}

#[test]
fn another_protocol_ends_the_connection() {
    for ours in Raw::all() {
        let running = Running::memory(&config(ours));
        for theirs in Raw::all() {
            if (theirs.transport, theirs.protocol) == (ours.transport, ours.protocol) {
                continue;
            }
            let mut stream = running.stream();
            stream.write_all(&theirs.echo(1, "hello")).unwrap();
            drop(stream.closer());
            stream.closer().shutdown(std::net::Shutdown::Write);
            assert_eq!(rest(&mut stream), []);
        }
    }
}

#[test]
fn old_heads_are_read_unless_the_server_is_strict() {
    let raw = Raw::named("framed", "binary");
    let mut old = 4_i32.to_be_bytes().to_vec();
    old.extend(b"echo\x01\0\0\0\x09\0");
    let old = raw.wrap(&old);

    let running = Running::memory(&config(raw));
    let mut stream = running.stream();
    stream.write_all(&old).unwrap();
    assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 9)]));

    let strict = Running::memory(&config(raw).strict_read(true));
    closes(&strict, &old);
    assert_eq!(strict.client().echo("new").unwrap(), "new");
    let old_client = strict.client_with(&strict.client_config().strict_write(false));
    assert_eq!(
        old_client.echo("old").unwrap_err().other().kind(),
        seapink::ErrorKind::Closed
    );
    let old_client = running.client_with(&running.client_config().strict_write(false));
    assert_eq!(old_client.echo("old").unwrap(), "old");
}

#[test]
fn big_messages_pass_and_bigger_ones_do_not() {
    let limits = seapink::Limits::default()
        .frame_bytes_max(1000)
        .message_bytes_max(1000);
    for raw in Raw::all() {
        let running = Running::memory(&config(raw).limits(limits));
        let client = running.client();
        let fits = "x".repeat(900);
        assert_eq!(client.echo(&fits).unwrap(), fits);
        // Not in the server's power to answer.
        let error = client.echo(&"x".repeat(1000)).unwrap_err().other();
        assert_eq!(error.kind(), seapink::ErrorKind::Closed);
        // The server's own reply is too big: the client is told, and the connection lives.
        let error = client.big(1000).unwrap_err().other();
        let code = seapink::ApplicationCode::INTERNAL_ERROR;
        assert_eq!(error.kind(), seapink::ErrorKind::Application(code));
        assert_eq!(client.echo("still").unwrap(), "still");
        eventually("the client is on its second connection", || {
            running.handle.stats().connections_accepted == 2
        });
    }
}

#[test]
fn peers_that_come_and_go_leave_nothing_behind() {
    for model in MODELS {
        let config = ServerConfig::new("tcp://127.0.0.1:0").model(model);
        let running = Running::bind(&config);
        let address = running.handle.local_addr().to_string();
        let address = address.strip_prefix("tcp://").unwrap();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&[0, 0]).unwrap();
        }
        eventually("all are gone", || {
            let stats = running.handle.stats();
            stats.connections_failed == 100 && stats.connections_open == 0
        });
        let stream = TcpStream::connect(address).unwrap();
        let mut stream = SocketStream::tcp(stream).unwrap();
        let raw = Raw::named("framed", "binary");
        stream.write_all(&raw.echo(3, "x")).unwrap();
        assert_eq!(raw.read(&mut stream, 1), replies(&[("echo", 3)]));
    }
}

#[test]
fn streams_made_elsewhere_are_served_and_called() {
    let (near, far) = MemoryStream::pair();
    let thread = std::thread::spawn(move || {
        let mut far = far;
        let raw = Raw::named("framed", "binary");
        assert_eq!(raw.read(&mut far, 1)[0].0, "echo");
    });
    let config = seapink::ClientConfig::new("");
    let client = crate::support::ProbeClient(seapink::Client::over(near, &config).unwrap());
    // The other end reads the call and goes away.
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.kind(), seapink::ErrorKind::Closed);
    assert_eq!(error.delivery(), seapink::Delivery::Sent);
    thread.join().unwrap();
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.delivery(), seapink::Delivery::NotSent);
    let expected = "the connection has ended, and this client was given no way to make another";
    assert_eq!(error.to_string(), expected);
}
