//! Processors, transports and listeners of a user's own that misbehave.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seapink::codegen::Outcome;
use seapink::processor::Request;
use seapink::transport::{
    Address, Decoded, Decoder, Encoder, Framed, Listener, MemoryListener, Setup, Stream, Transport,
    Transports, Waker,
};
use seapink::{
    ApplicationCode, CallContext, ErrorKind, Multiplexed, Processor, ProtocolSet, Result, Server,
    ServerConfig, Standard, WireProtocol,
};

use crate::support::{AGES, MODELS, Probe, Running};

/// Does what its calls are named after.
struct Wild(Probe);

impl Processor for Wild {
    fn protocols(&self) -> &'static [&'static dyn WireProtocol] {
        Standard::WIRE
    }

    fn process(&self, request: &Request<'_>, reply: &mut Vec<u8>, cx: &mut CallContext) -> Outcome {
        match &*request.head.name {
            "wait" => {
                reply.extend(b"half a reply");
                panic!("in the processor")
            }
            "big" => Outcome::Reply,
            _ => self.0.process(request, reply, cx),
        }
    }
}

#[test]
fn a_processor_that_panics_or_says_nothing_costs_one_call() {
    for model in MODELS {
        let config = ServerConfig::new("").model(model);
        let running = Running::memory_with(&config, Wild(Probe::default()), Arc::default());
        let client = running.client();
        for (error, text) in [
            (client.wait().unwrap_err(), "internal error"),
            (
                client.big(1).unwrap_err(),
                "internal error: the processor wrote no answer",
            ),
        ] {
            let error = error.other();
            assert_eq!(error.to_string(), text);
            let code = ApplicationCode::INTERNAL_ERROR;
            assert_eq!(error.kind(), ErrorKind::Application(code));
        }
        assert_eq!(client.echo("still").unwrap(), "still");
        assert_eq!(running.handle.stats().connections_accepted, 1);
    }
}

/// Turns every byte around, and panics on the message `panic`.
struct Inverted;

struct Half {
    frame: Box<dyn Decoder>,
    message: Vec<u8>,
}

impl Transport for Inverted {
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>) {
        let (frame, encoder) = Framed.open(setup);
        let message = Vec::new();
        (
            Box::new(Half { frame, message }),
            Box::new(InvertedEncoder(encoder)),
        )
    }
}

impl Decoder for Half {
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>> {
        let found = self.frame.decode(buffer)?;
        let Decoded::Message { message, consumed } = found else {
            return Ok(found);
        };
        self.message.clear();
        self.message.extend(message.iter().map(|byte| !byte));
        assert!(!self.message.windows(5).any(|part| part == b"panic"));
        Ok(Decoded::Message {
            message: &self.message,
            consumed,
        })
    }
}

struct InvertedEncoder(Box<dyn Encoder>);

impl Encoder for InvertedEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        self.0.begin(out)
    }

    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()> {
        out[start + 4..].iter_mut().for_each(|byte| *byte = !*byte);
        self.0.end(out, start)
    }
}

#[test]
fn a_transport_of_ones_own_is_chosen_by_name_and_may_panic() {
    for model in MODELS {
        let transports = Transports::standard().with("inverted", Inverted);
        let config = ServerConfig::new("").model(model);
        let config = config.transport("inverted").transports(transports);
        let running = Running::memory(&config);
        let client = running.client();
        assert_eq!(client.echo("straight").unwrap(), "straight");
        let error = client.echo("panic").unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(client.echo("still").unwrap(), "still");
    }
}

/// Fails every second time.
struct Flaky {
    inner: MemoryListener,
    times: Arc<AtomicUsize>,
}

impl Listener for Flaky {
    fn accept(&mut self) -> io::Result<Option<Box<dyn Stream>>> {
        match self.times.fetch_add(1, Ordering::SeqCst) % 4 {
            0 => Err(io::ErrorKind::OutOfMemory.into()),
            1 => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => self.inner.accept(),
        }
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }

    fn local_addr(&self) -> Address {
        self.inner.local_addr()
    }
}

#[test]
fn errors_of_accepting_do_not_end_the_server() {
    for model in MODELS {
        let (inner, connector) = MemoryListener::new();
        let times = Arc::new(AtomicUsize::new(0));
        let listener = Flaky { inner, times };
        let config = ServerConfig::new("").model(model);
        let server = Server::with_listener(listener, &config, Probe::default()).unwrap();
        let handle = server.handle();
        let thread = std::thread::spawn(move || server.run());
        for _ in 0..6 {
            let config = seapink::ClientConfig::new("");
            let client = seapink::Client::with_connector(connector.clone(), &config).unwrap();
            let client = crate::support::ProbeClient(client);
            assert_eq!(client.echo("x").unwrap(), "x");
        }
        assert!(handle.stats().accept_errors >= 4);
        assert!(handle.shutdown(AGES).is_clean());
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn several_services_share_a_port() {
    let processor = Multiplexed::new()
        .service("Probe", Probe::default())
        .service("Other", Probe::default());
    let running = Running::memory_with(&ServerConfig::new(""), processor, Arc::default());
    let config = running.client_config().service("Probe");
    assert_eq!(running.client_with(&config).echo("x").unwrap(), "x");
    for (config, text) in [
        (
            config.service("Nope"),
            "unknown method: there is no service `Nope` here",
        ),
        (
            running.client_config(),
            "unknown method: `echo` names no service: write `Service:echo`, or set a default service",
        ),
    ] {
        let error = running.client_with(&config).echo("x").unwrap_err().other();
        assert_eq!(error.to_string(), text);
    }
}
