//! Calls whose time is over when they could be run, and those that handlers make in the time of theirs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use seapink::codegen::{Call, Outcome, Service};
use seapink::config::{Dispatch, Model, ReplyOrder};
use seapink::{
    ApplicationCode, CallContext, Client, ErrorKind, Protocol, ServerConfig, TraceContext,
};

use crate::header::headed;
use crate::socket;
use crate::support::{Failure, Handler, MODELS, Running, eventually};

fn config(model: Model) -> ServerConfig {
    ServerConfig::new("tcp://127.0.0.1:0")
        .model(model)
        .transport("header")
}

/// A call with so many milliseconds to go, in a frame with a head.
fn call(name: &str, kind: u8, sequence_id: u8, ms: &str) -> Vec<u8> {
    let mut words = b"\0\0\x01\x01\x0eclient_timeout".to_vec();
    words.push(u8::try_from(ms.len()).unwrap());
    words.extend(ms.bytes());
    words.resize(words.len().next_multiple_of(4), 0);
    let text = b"\x0b\0\x01\0\0\0\x02hi\0";
    let message = [
        &[0x80, 1, 0, kind, 0, 0, 0, u8::try_from(name.len()).unwrap()],
        name.as_bytes(),
        &[0, 0, 0, sequence_id],
        &text[..],
    ];
    headed(&words, &message.concat())
}

const CALL: u8 = 1;
const ONEWAY: u8 = 4;

/// The next reply: the kind of its message, its sequence id, and all of it.
fn reply(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut frame).unwrap();
    let start = frame.windows(2).position(|two| two == [0x80, 1]).unwrap();
    let message = &frame[start..];
    let name = usize::from(message[7]);
    (message[3], message[11 + name], message.to_vec())
}

const REPLY: u8 = 2;
const EXCEPTION: u8 = 3;

#[track_caller]
fn expect_expired((kind, id, message): (u8, u8, Vec<u8>), sequence_id: u8) {
    assert_eq!((kind, id), (EXCEPTION, sequence_id));
    let text = b"the time of the call was over before it could be run";
    let code = b"\x08\0\x02\0\0\0\x0c\0";
    assert!(message.ends_with(code), "{}", message.escape_ascii());
    assert!(message.windows(text.len()).any(|part| part == text));
}

const LATE: Duration = Duration::from_millis(30);

#[test]
fn calls_behind_others_are_not_run_too_late() {
    for model in MODELS {
        for dispatch in [Dispatch::Workers, Dispatch::Inline] {
            let mut config = config(model);
            if model == Model::Nonblocking {
                config = config.dispatch(dispatch);
            }
            let server = Running::bind(&config);
            let mut stream = socket(&server);
            let calls = [
                call("wait", CALL, 1, "60000"),
                call("echo", CALL, 2, "20"),
                call("echo", CALL, 3, "60000"),
                // Nobody waits for it.
                call("note", ONEWAY, 4, "20"),
                // No time at all is no bound, as in fbthrift, and what is no number says nothing.
                call("echo", CALL, 5, "0"),
                call("echo", CALL, 6, "-1"),
                call("echo", CALL, 7, "18446744073709551615"),
            ];
            stream.write_all(&calls.concat()).unwrap();
            server.handler.until_waiting(1);
            thread::sleep(LATE);
            server.handler.release();
            assert_eq!(reply(&mut stream).0, REPLY);
            expect_expired(reply(&mut stream), 2);
            for id in [3, 5, 6, 7] {
                let (kind, found, _) = reply(&mut stream);
                assert_eq!((kind, found), (REPLY, id), "{}", model.name());
            }
            server.handler.until_noted("hi");
            let stats = server.handle.stats();
            assert_eq!(stats.calls_expired, 1);
            assert_eq!(stats.exceptions_by(ApplicationCode::TIMEOUT), 1);
            assert_eq!((stats.replies, stats.exceptions, stats.oneways), (5, 1, 1));
            let mut named = stats.named();
            assert!(named.any(|(name, count)| name == "calls_expired" && count == 1));
        }
    }
}

#[test]
fn calls_that_wait_for_a_worker_are_not_run_too_late() {
    for (model, order) in [
        (Model::ThreadPool, ReplyOrder::Sent),
        (Model::Nonblocking, ReplyOrder::Sent),
        (Model::Nonblocking, ReplyOrder::Any),
    ] {
        let server = Running::bind(&config(model).reply_order(order).workers(1));
        let mut first = socket(&server);
        first.write_all(&call("wait", CALL, 1, "60000")).unwrap();
        server.handler.until_waiting(1);
        let mut second = socket(&server);
        second.write_all(&call("echo", CALL, 2, "20")).unwrap();
        eventually("it waits", || server.handle.stats().calls_queued == 1);
        let mut third = socket(&server);
        third.write_all(&call("echo", CALL, 3, "60000")).unwrap();
        eventually("it waits, too", || server.handle.stats().calls_queued == 2);
        thread::sleep(LATE);
        server.handler.release();
        assert_eq!(reply(&mut first).0, REPLY);
        expect_expired(reply(&mut second), 2);
        assert_eq!(reply(&mut third).0, REPLY);
        assert_eq!(server.handle.stats().calls_expired, 1);
        // The connection goes on.
        second.write_all(&call("echo", CALL, 4, "60000")).unwrap();
        assert_eq!(reply(&mut second).0, REPLY);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn nor_are_they_by_futures_and_threads_beside_them() {
    use seapink::AsyncServer;

    use crate::support::{AGES, Probe};

    let runtime = tokio::runtime::Runtime::new().unwrap();
    for order in [ReplyOrder::Sent, ReplyOrder::Any] {
        let config = config(Model::Nonblocking).workers(1).reply_order(order);
        let probe = Probe::default();
        let handler = Arc::clone(&probe.0);
        let server =
            runtime.block_on(async { AsyncServer::bind_blocking(&config, probe).unwrap() });
        let handle = server.handle();
        let address = server.local_addr().to_string();
        runtime.spawn(server.run());
        let mut stream = TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap();
        stream.set_read_timeout(Some(AGES)).unwrap();
        let wait = call("wait", CALL, 1, "60000");
        let calls = [call("echo", CALL, 2, "20"), call("echo", CALL, 3, "60000")].concat();
        if order == ReplyOrder::Sent {
            // What comes later is left to the system as long as the first one runs.
            stream.write_all(&[wait, calls].concat()).unwrap();
            handler.until_waiting(1);
        } else {
            stream.write_all(&wait).unwrap();
            handler.until_waiting(1);
            stream.write_all(&calls).unwrap();
            eventually("both wait", || handle.stats().calls_queued == 2);
        }
        thread::sleep(LATE);
        handler.release();
        let mut replies = [(); 3].map(|()| reply(&mut stream));
        replies.sort_by_key(|(_, id, _)| *id);
        let [first, second, third] = replies;
        assert_eq!([first.0, third.0], [REPLY; 2]);
        expect_expired(second, 2);
        assert_eq!(handle.stats().calls_expired, 1);
    }
}

/// A service that says what came with a call, or has another say what came with its own.
struct Chain(Option<Client>);

fn told(chain: &Chain, cx: &CallContext) -> seapink::Result<String, Failure> {
    if let Some(below) = &chain.0 {
        return below.clone().under(cx).call("told", &[], ());
    }
    let left = cx.deadline().and_then(|deadline| deadline.left());
    let left = left.map_or(0, |left| left.as_secs());
    let headers = cx.headers();
    let value = |name| headers.get(name).unwrap_or("none").to_owned();
    Ok(format!(
        "{left} {} {}",
        value("traceparent"),
        value("tracestate")
    ))
}

impl Service for Chain {
    type Handler = Self;

    const NAME: &'static str = "Chain";

    fn handler(&self) -> &Self {
        self
    }

    fn dispatch<P: Protocol>(handler: &Self, call: Call<'_, P>) -> Outcome {
        match call.method() {
            "told" => call.reply(handler, told, &[]),
            _ => call.unknown_method(),
        }
    }
}

#[test]
fn calls_of_handlers_have_the_time_and_the_trace_of_theirs() {
    let serve = |below| {
        let handler = Arc::<Handler>::default();
        Running::bind_with(&config(Model::Threaded), Chain(below), handler)
    };
    let back = serve(None);
    let middle = serve(Some(back.client().0));
    let own = TraceContext::new(false);
    let with_own = serve(Some(back.client().0.with_trace(&own)));
    let ask = |client: &Client| -> String {
        let reply: Result<String, Failure> = client.call("told", &[], ());
        reply.map_err(Failure::other).unwrap()
    };
    let client = middle.client().0;
    let left = |text: &str| text.split(' ').next().unwrap().parse::<u64>().unwrap();
    // Without a trace there is none, and the time is the shorter one.
    let text = ask(&client.clone().with_timeout(Duration::from_secs(20)));
    assert!((10..20).contains(&left(&text)), "{text}");
    assert!(text.ends_with(" none none"), "{text}");
    let text = ask(&client.clone().with_timeout(Duration::from_secs(90)));
    assert!((20..30).contains(&left(&text)), "{text}");
    // One that is there is handed on as it is, if it is one.
    let trace = TraceContext::new(true).with_state("a=1,b=2").unwrap();
    let text = ask(&client.clone().with_trace(&trace));
    assert!(text.ends_with(&format!(" {trace} a=1,b=2")), "{text}");
    let header = |name: &str, value: &str| client.clone().with_header(name, value);
    let text = ask(&header("traceparent", "00-0-0-0").with_header("tracestate", "a=1"));
    assert!(text.ends_with(" none none"), "{text}");
    let text = ask(&header("tracestate", "A").with_header("traceparent", &trace.to_string()));
    assert!(text.ends_with(&format!(" {trace} none")), "{text}");
    // What the program between them sets counts.
    let text = ask(&with_own.client().0.with_trace(&trace));
    assert!(text.ends_with(&format!(" {own} none")), "{text}");
}

#[test]
fn a_call_that_has_no_time_left_makes_none() {
    let server = Running::bind(&config(Model::Threaded));
    let mut cx = CallContext::default();
    cx.limit_deadline(seapink::Deadline::after(Duration::ZERO));
    let client = server.client().with(|client| client.under(&cx));
    let error = client.echo("x").unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), seapink::Delivery::NotSent);
    assert_eq!(server.handle.stats().calls(), 0);
}

#[cfg(feature = "tokio")]
#[test]
fn futures_hand_them_on_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Running::bind_with(&config(Model::Threaded), Chain(None), Arc::default());
    let trace = TraceContext::new(true).with_state("a=1").unwrap();
    let config = server.client_config();
    let text = runtime.block_on(async {
        let client = seapink::AsyncClient::<seapink::Standard>::connect(&config);
        let client = client.await.unwrap().with_trace(&trace);
        let mut cx = CallContext::default();
        cx.limit_deadline(seapink::Deadline::after(Duration::from_secs(20)));
        let reply = client.under(&cx);
        let reply = reply.call::<_, String, Failure>("told", &[], ());
        reply.await.map_err(Failure::other).unwrap()
    });
    assert!(
        text.starts_with("19 ") && text.ends_with(&format!(" {trace} a=1")),
        "{text}"
    );
}
