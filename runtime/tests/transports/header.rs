//! Frames with heads, by the byte and with what they carry.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seapink::codegen::{Call, Outcome, Service};
use seapink::config::Model;
use seapink::interceptor::{End, Interceptor};
#[cfg(feature = "zlib")]
use seapink::transport::{Header, Transports};
use seapink::{CallContext, Client, ClientConfig, ErrorKind, Protocol, ServerConfig};

use crate::socket;
use crate::support::{Failure, Handler, MODELS, ProbeClient, Running, WithUser as _, eventually};

pub(super) fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("header")
        .protocol("auto")
}

/// What clients of it are configured like.
pub(super) fn client_config(server: &Running) -> ClientConfig {
    server
        .client_config()
        .transport("header")
        .protocol("binary")
}

/// `echo("hi")` and its reply, in the two protocols.
pub(super) const BINARY: [&[u8]; 2] = [
    b"\x80\x01\0\x01\0\0\0\x04echo\0\0\0\x07\x0b\0\x01\0\0\0\x02hi\0",
    b"\x80\x01\0\x02\0\0\0\x04echo\0\0\0\x07\x0b\0\0\0\0\0\x02hi\0",
];
pub(super) const COMPACT: [&[u8]; 2] = [
    b"\x82\x21\x07\x04echo\x18\x02hi\0",
    b"\x82\x41\x07\x04echo\x08\0\x02hi\0",
];
/// The same in version 2.
const COMPACT2: [&[u8]; 2] = [
    b"\x82\x22\x07\x04echo\x18\x02hi\0",
    b"\x82\x42\x07\x04echo\x08\0\x02hi\0",
];

pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

/// A frame with a head of these words, and sequence id 9.
pub(crate) fn headed(words: &[u8], message: &[u8]) -> Vec<u8> {
    let count = u16::try_from(words.len() / 4).unwrap().to_be_bytes();
    framed(&[b"\x0f\xff\0\0\0\0\0\x09", &count[..], words, message].concat())
}

fn exchange(stream: &mut TcpStream, call: &[u8], reply: &[u8]) {
    stream.write_all(call).unwrap();
    let mut read = vec![0; reply.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read, reply, "{}", read.escape_ascii());
}

/// Each peer is answered in what it speaks, and may change its mind between two messages.
#[test]
fn answers_are_in_kind() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let mut stream = socket(&server);
        for [call, reply] in [BINARY, COMPACT, COMPACT2] {
            exchange(&mut stream, call, reply);
            exchange(&mut stream, &framed(call), &framed(reply));
        }
        for (words, [call, reply]) in [
            (b"\0\0\0\0", BINARY),
            (b"\x02\0\0\0", COMPACT),
            (b"\x02\0\0\0", COMPACT2),
        ] {
            exchange(&mut stream, &headed(words, call), &headed(words, reply));
        }
        // With headers that nobody asks for, as C++ pads, and with something unknown behind them.
        let words = b"\x02\0\x01\x01\x01a\x02bc\0\0\0\0\0\0\0";
        exchange(
            &mut stream,
            &headed(words, COMPACT[0]),
            &headed(b"\x02\0\0\0", COMPACT[1]),
        );
        let words = b"\x02\0\x63\x7f";
        exchange(
            &mut stream,
            &headed(words, COMPACT[0]),
            &headed(b"\x02\0\0\0", COMPACT[1]),
        );
        assert_eq!(server.handle.stats().connections_accepted, 1);
    }
}

#[test]
fn any_server_that_finds_out_speaks_it_too() {
    for model in MODELS {
        let server = Running::bind(&config(model).transport("auto"));
        let header = client_config(&server);
        for protocol in ["binary", "compact"] {
            let client = server.client_with(&header.clone().protocol(protocol));
            assert_eq!(client.echo("x").unwrap(), "x");
        }
        let mut stream = socket(&server);
        exchange(&mut stream, &framed(BINARY[0]), &framed(BINARY[1]));
    }
}

#[cfg(feature = "zlib")]
#[test]
fn what_is_compressed_is_answered_compressed() {
    for model in MODELS {
        let server = Running::bind(&config(model));
        let transports = Transports::standard().with("header", Header::compressed());
        let client = client_config(&server).transports(transports);
        let client = server.client_with(&client);
        let before = server.handle.stats();
        let text = "x".repeat(100_000);
        for _ in 0..3 {
            assert_eq!(client.echo(&text).unwrap(), text);
        }
        let stats = server.handle.stats();
        assert!(stats.bytes_read - before.bytes_read < 3_000);
        assert!(stats.bytes_written - before.bytes_written < 3_000);
    }
}

/// A service that says what came with a call, and sends something along.
struct Echo;

#[allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "the shape of a handler's functions"
)]
fn headers(_: &Echo, cx: &CallContext, name: String) -> Result<String, Failure> {
    let carried = cx.set_reply_header("answered", &name);
    let value = cx.headers().get(&name).unwrap_or("nothing").to_owned();
    let left = cx.deadline().is_some();
    Ok(format!("{value} {carried} {left}"))
}

impl Service for Echo {
    type Handler = Self;

    const NAME: &'static str = "Echo";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "headers" => call.reply(handler, headers, &[(1, "name")]),
            _ => call.unknown_method(),
        }
    }
}

pub(super) fn ask(client: &Client, name: &str) -> String {
    let reply = client.call::<_, String, Failure>("headers", &[(1, "name")], (name,));
    reply.unwrap()
}

pub(super) fn echo_server(config: &ServerConfig) -> Running {
    Running::bind_with(config, Echo, Arc::<Handler>::default())
}

/// The transports that carry headers.
fn carriers() -> impl Iterator<Item = &'static str> {
    let carries = |name: &&str| name.ends_with("header") || name.ends_with("http");
    crate::names::transports().into_iter().filter(carries)
}

#[test]
fn headers_go_both_ways() {
    let cells = MODELS.map(|model| carriers().map(move |transport| (model, transport)));
    for (model, transport) in cells.into_iter().flatten() {
        let config = config(model).transport(transport).with_user(transport);
        let server = echo_server(&config);
        let config = client_config(&server).transport(transport);
        let client = Client::connect(&config.with_user(transport)).unwrap();
        let with = client
            .clone()
            .with_header("colour", "blue")
            .with_header("size", "7");
        assert_eq!(ask(&with, "colour"), "blue true true");
        assert_eq!(ask(&with, "size"), "7 true true");
        // They are those of one client, and of one call.
        assert_eq!(ask(&client, "colour"), "nothing true true");

        // Interceptors set and see them.
        let heard = Heard::default();
        let with = client.with_interceptor(heard.clone());
        assert_eq!(ask(&with, "traceparent"), "00-7 true true");
        assert_eq!(ask(&with, "else"), "nothing true true");
        assert_eq!(*heard.0.lock(), ["traceparent", "else"]);
    }
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Interceptor for Heard {
    fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
        cx.set_header("traceparent", "00-7");
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, _: &End<'_>) {
        let answered = cx.reply_headers().get("answered").unwrap_or("?");
        self.0.lock().push(answered.to_owned());
    }
}

/// Nothing of that harms where the transport carries no headers.
#[test]
fn over_other_transports_there_are_none() {
    let server = echo_server(
        &config(Model::Threaded)
            .transport("framed")
            .protocol("binary"),
    );
    let client = Client::connect(&server.client_config()).unwrap();
    assert_eq!(
        ask(&client.with_header("a", "b"), "a"),
        "nothing false false"
    );
}

#[test]
fn the_time_that_is_left_goes_along() {
    let seen = Seen::default();
    let processor = seapink::interceptor::Intercepted::new(Echo).with(seen.clone());
    let server = Running::bind_with(
        &config(Model::Nonblocking),
        processor,
        Arc::<Handler>::default(),
    );
    let client = Client::connect(&client_config(&server)).unwrap();
    for (ms, range) in [(10_000, 5_000..=10_000), (60_000, 50_000..=60_000)] {
        ask(&client.clone().with_timeout(Duration::from_millis(ms)), "x");
        let left = seen.0.lock().pop().unwrap();
        assert!(range.contains(&left), "{left}");
    }
    // What a caller says itself counts.
    ask(&client.with_header("client_timeout", "77000"), "x");
    assert!((70_000..=77_000).contains(&seen.0.lock().pop().unwrap()));
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u128>>>);

impl Interceptor for Seen {
    fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
        let left = cx.deadline().and_then(|deadline| deadline.left());
        self.0.lock().push(left.unwrap().as_millis());
        Ok(())
    }
}

#[cfg(feature = "tokio")]
#[test]
fn futures_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for transport in carriers() {
            let config = config(Model::Simple).transport(transport);
            let config = config.with_user(transport);
            let server = seapink::AsyncServer::bind_blocking(&config, Echo).unwrap();
            let address = server.local_addr().to_string();
            tokio::spawn(server.run());
            let config = ClientConfig::new(address).transport(transport);
            let config = config.protocol("compact").with_user(transport);
            let client = seapink::AsyncClient::<seapink::Standard>::connect(&config)
                .await
                .unwrap();
            let heard = Heard::default();
            let client = client.with_header("a", "b").with_interceptor(heard.clone());
            let call = client.call::<_, String, Failure>("headers", &[(1, "name")], ("a",));
            assert_eq!(call.await.unwrap(), "b true true", "{transport}");
            assert_eq!(*heard.0.lock(), ["a"], "{transport}");
        }
    });
}

/// T02: a limit is taken, and one more is refused.
#[test]
fn t02_headers_have_limits() {
    let server = echo_server(&config(Model::ThreadPool));
    let connect = || Client::connect(&client_config(&server)).unwrap();
    let many = |count: usize| {
        (0..count).fold(connect(), |client, number| {
            client.with_header(&format!("n{number}"), "")
        })
    };
    // One of them is the time.
    assert_eq!(ask(&many(127), "n126"), " true true");
    let large = |bytes: usize| connect().with_header("large", &"x".repeat(bytes));
    ask(&large(65_000), "x");
    for client in [many(128), large(66_000)] {
        let result = client.call::<_, String, Failure>("headers", &[(1, "name")], ("x",));
        assert_eq!(result.unwrap_err().other().kind(), ErrorKind::Limit);
    }
    // A peer that does not keep to them.
    let mut words = vec![0, 0, 1, 0x81, 1];
    for number in 0..129_u8 {
        words.extend([1, number, 0]);
    }
    words.resize(words.len().next_multiple_of(4), 0);
    for (words, _why) in [(words, "more than 128"), (vec![0; 65_540], "more bytes")] {
        let mut stream = socket(&server);
        stream.write_all(&headed(&words, BINARY[0])).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
    eventually("both are counted", || {
        server.handle.stats().connections_failed == 2
    });
}

#[test]
fn t01_heads_that_lie_end_their_connection_and_nothing_else() {
    let bad: [&[u8]; 10] = [
        // Longer than the frame.
        b"\0\0\0\x0c\x0f\xff\0\0\0\0\0\x01\xff\xff\0\0",
        b"\0\0\0\x0a\x0f\xff\0\0\0\0\0\x01\0\x01",
        // Shorter than a head.
        b"\0\0\0\x04\x0f\xff\0\0",
        // Without a protocol.
        b"\0\0\0\x0a\x0f\xff\0\0\0\0\0\x01\0\0",
        // JSON, and protocols that there are not.
        b"\0\0\0\x0e\x0f\xff\0\0\0\0\0\x01\0\x01\x01\0\0\0",
        b"\0\0\0\x0e\x0f\xff\0\0\0\0\0\x01\0\x01\x7f\0\0\0",
        // A number without an end, and one that is too large.
        b"\0\0\0\x12\x0f\xff\0\0\0\0\0\x01\0\x02\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\x12\x0f\xff\0\0\0\0\0\x01\0\x02\x00\xff\xff\xff\xff\x0f\0\0",
        // Transforms that nobody knows, and a name that is not there.
        b"\0\0\0\x0e\x0f\xff\0\0\0\0\0\x01\0\x01\0\x01\x02\0",
        b"\0\0\0\x0e\x0f\xff\0\0\0\0\0\x01\0\x01\0\0\x01\x05",
    ];
    for model in MODELS {
        let server = Running::bind(&config(model));
        for (number, bytes) in bad.iter().enumerate() {
            let mut stream = socket(&server);
            stream.write_all(bytes).unwrap();
            let mut read = Vec::new();
            let _ = stream.read_to_end(&mut read);
            assert!(read.is_empty(), "{number}: {}", read.escape_ascii());
        }
        let client = ProbeClient::connect(&client_config(&server)).unwrap();
        assert_eq!(client.echo("still").unwrap(), "still");
        assert_eq!(server.handle.stats().connections_failed, 10);
    }
}

/// Bombs in a message, and messages that are cut short.
#[cfg(feature = "zlib")]
#[test]
fn t07_a_compressed_message_has_the_limits_of_others() {
    let deflated = |bytes: usize| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; bytes]).unwrap();
        encoder.finish().unwrap()
    };
    let limits = seapink::Limits::default().message_bytes_max(1 << 20);
    let server = Running::bind(&config(Model::Nonblocking).limits(limits));
    let whole = deflated(1 << 20);
    for message in [
        &deflated((1 << 20) + 1)[..],
        &deflated(100 << 20),
        &whole[..whole.len() - 5],
        b"no zlib",
    ] {
        let mut stream = socket(&server);
        stream.write_all(&headed(b"\0\x01\x01\0", message)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
    eventually("all are counted", || {
        server.handle.stats().connections_failed == 4
    });
}

#[test]
fn a_protocol_that_is_not_spoken_is_refused() {
    let server = Running::bind(&config(Model::Threaded).protocol("binary"));
    let config = client_config(&server).protocol("compact");
    let error = server.client_with(&config).echo("x").unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    let config = ClientConfig::new("tcp://127.0.0.1:1")
        .transport("header")
        .protocol("json");
    let error = Client::<seapink::Standard>::connect(&config).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
