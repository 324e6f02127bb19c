//! Envoy between a client and a server of ours. It reads every message, puts it into another transport and
//! protocol, and counts: a judge that neither of the two ends has taught.

#[allow(dead_code, reason = "each live test uses its part")]
mod support;

#[allow(dead_code, reason = "each live test uses its part")]
mod interop;
mod proxy;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use seapink::interceptor::{End, Intercepted, Interceptor};
use seapink::transport::{Header, Transports};
use seapink::{
    ApplicationCode, CallContext, Client, ClientConfig, ErrorKind, Result as Outcome, ServerConfig,
};

use interop::handler::Handler;
use interop::idl::interop::{InteropClient, InteropEchoI32Error, InteropProcessor};
use interop::serving::Serving;
use interop::session::{Detour, session_through, special_doubles};
use proxy::{Counters, Listener, Mode, Proxy};
use support::Result;

/// How long counters may take to say what has happened.
const COUNTED: Duration = Duration::from_secs(20);

/// How many calls are sent before the first reply is read.
const IN_FLIGHT: i32 = 200;
const LARGE: usize = 4 << 20;

/// Answers a header of a call by one of its reply.
struct Answering;

impl Interceptor for Answering {
    fn before(&self, cx: &mut CallContext) -> Outcome<()> {
        if let Some(colour) = cx.headers().get("colour") {
            cx.set_reply_header("answered", &format!("dark {colour}"));
        }
        Ok(())
    }
}

/// What calls of a client came to, and the headers of their replies.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Counters, Vec<Option<String>>)>>);

impl Seen {
    fn lock(&self) -> MutexGuard<'_, (Counters, Vec<Option<String>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interceptor for Seen {
    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let (counters, answers) = &mut *self.lock();
        if cx.is_oneway() {
            counters.oneways += 1;
            return;
        }
        counters.calls += 1;
        match end {
            End::Done => counters.results += 1,
            End::Declared => counters.declared += 1,
            _ => counters.exceptions += 1,
        }
        answers.push(cx.reply_headers().get("answered").map(str::to_owned));
    }
}

/// A server for each mode in which Envoy may call one.
fn servers() -> Result<Vec<(Mode, Serving)>> {
    let start = |mode: Mode| {
        let config = ServerConfig::new("tcp://127.0.0.1:0")
            .transport(mode.ours())
            .protocol(mode.protocol);
        let processor = InteropProcessor::new(Handler::default());
        let processor = Intercepted::new(processor).with(Answering);
        Ok((mode, Serving::start(&config, processor)?))
    };
    Mode::ALL.into_iter().map(start).collect()
}

fn client_config(port: &str, mode: Mode) -> ClientConfig {
    ClientConfig::new(format!("tcp://127.0.0.1:{port}"))
        .transport(mode.ours())
        .protocol(mode.protocol)
}

fn started(name: &str) -> Result<(Proxy, Vec<(Mode, Serving)>)> {
    let servers = servers()?;
    let ports: Vec<_> = servers
        .iter()
        .map(|(mode, serving)| (*mode, serving.port.clone()))
        .collect();
    Ok((Proxy::start(name, &ports)?, servers))
}

/// Every way in, found out or told, and every way out.
#[test]
fn envoy_reads_and_counts_what_we_say_both_ways() -> Result {
    let (proxy, _servers) = started("proxy")?;
    for to in Mode::ALL {
        for listener in Listener::all() {
            let seen = Seen::default();
            for from in listener.modes() {
                let config = client_config(proxy.port(listener, to)?, from);
                talk(&config, from, to, &seen)
                    .map_err(|error| format!("{listener:?}, {from:?} to {to:?}: {error}"))?;
            }
            let expected = &seen.lock().0;
            assert!(expected.declared > 0 && expected.exceptions > 0 && expected.oneways > 0);
            let deadline = Instant::now() + COUNTED;
            loop {
                let counted = proxy.counters(listener, to)?;
                if counted == *expected {
                    break;
                }
                let late = Instant::now() > deadline;
                assert!(
                    !late,
                    "{listener:?} to {to:?}: {counted:?}, not {expected:?}"
                );
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
    let log = proxy.stop();
    assert!(
        !log.contains("[error]") && !log.contains("[critical]"),
        "{log}"
    );
    Ok(())
}

/// What Envoy makes of values, since it differs from all others in two points of the compact protocol.
///
/// It has doubles in big-endian order, as in binary, so what it puts from one protocol into the other
/// arrives with its bytes reversed. And it takes any byte but 0 for true in a container, where a compact
/// false is 2.
fn detour(from: Mode, to: Mode) -> Detour {
    let mut detour = Detour::NONE;
    if from.protocol != to.protocol {
        detour.double = |value| f64::from_bits(value.to_bits().swap_bytes());
    }
    if [from, to].iter().any(|mode| mode.protocol == "compact") {
        detour.element = |_| true;
    }
    detour
}

/// Calls that end in every way, large ones, many at once, and headers where both sides carry them.
fn talk(config: &ClientConfig, from: Mode, to: Mode, seen: &Seen) -> Result {
    let client = Client::connect(config)?
        .with_header("colour", "blue")
        .with_interceptor(seen.clone());
    session_through(client.clone(), "rust", &detour(from, to))?;
    special_doubles(client.clone())?;
    let interop = InteropClient::new(client);
    let large: Vec<u8> = (0..=255).cycle().take(LARGE).collect();
    assert!(interop.echo_binary(&large)? == large);
    let sent: Vec<_> = (0..IN_FLIGHT)
        .map(|number| interop.send_echo_i32(number))
        .collect::<Outcome<_>>()?;
    for (number, pending) in (0..).zip(sent) {
        assert_eq!(pending.wait()?, number);
    }
    let carries = [from, to].iter().all(|mode| mode.transport == "header");
    let expected = carries.then(|| "dark blue".to_owned());
    let answers = std::mem::take(&mut seen.lock().1);
    assert!(
        answers.iter().all(|answer| *answer == expected),
        "{expected:?}: {answers:?}"
    );
    Ok(())
}

/// Envoy knows no transforms. It says so in an application exception, which we understand.
#[test]
fn envoy_refuses_what_is_compressed_in_its_own_words() -> Result {
    let (proxy, _servers) = started("proxy-zlib")?;
    let to = Mode::ALL[0];
    for listener in Listener::all() {
        let mut refused = 0;
        for from in listener.modes() {
            if from.transport != "header" {
                continue;
            }
            let mut config = client_config(proxy.port(listener, to)?, from);
            config.transports = Transports::standard().with("header", Header::compressed());
            let result = InteropClient::connect(&config)?.echo_i32(7);
            let Err(InteropEchoI32Error::Other(error)) = result else {
                return Err(format!("Envoy has learnt to decompress: {result:?}").into());
            };
            let kind = ErrorKind::Application(ApplicationCode::BAD_SEQUENCE_ID);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(
                error.to_string().ends_with("Unknown transform 1"),
                "{error}"
            );
            refused += 1;
        }
        assert_eq!(proxy.counters(listener, to)?.request_errors, refused);
    }
    Ok(())
}

/// What Envoy makes up itself is understood in every mode.
#[test]
fn envoy_tells_that_the_server_is_gone() -> Result {
    let (proxy, servers) = started("proxy-alone")?;
    drop(servers);
    for to in Mode::ALL {
        for listener in Listener::all() {
            for from in listener.modes() {
                let config = client_config(proxy.port(listener, to)?, from);
                let result = InteropClient::connect(&config)?.echo_i32(7);
                let Err(InteropEchoI32Error::Other(error)) = result else {
                    return Err(format!("nobody can have answered: {result:?}").into());
                };
                let kind = ErrorKind::Application(ApplicationCode::INTERNAL_ERROR);
                assert_eq!(
                    error.kind(),
                    kind,
                    "{listener:?}, {from:?} to {to:?}: {error}"
                );
                let text = "connection failure before response start";
                assert!(error.to_string().contains(text), "{error}");
            }
        }
    }
    Ok(())
}
