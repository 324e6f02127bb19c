//! Interceptors, on servers and on clients.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seapink::interceptor::{ConcurrencyLimit, End, Intercepted, Interceptor, Log, TimeLimit};
use seapink::{
    ApplicationCode, CallContext, Delivery, Error, ErrorKind, MessageKind, Multiplexed, Result,
    ServerConfig,
};

use crate::raw::Raw;
use crate::support::{AGES, MODELS, Probe, ProbeClient, Running};

/// Writes down what it sees.
#[derive(Clone, Default)]
struct Diary {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Diary {
    fn write(&self, line: String) {
        self.lines.lock().push(line);
    }

    fn named(&self, name: &'static str) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock())
    }
}

impl Interceptor for Diary {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        let (service, method) = (cx.service(), cx.method());
        let oneway = if cx.is_oneway() { " oneway" } else { "" };
        self.write(format!("{} before {service}:{method}{oneway}", self.name));
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let end = match end {
            End::Failed(error) => format!("{:?}: {error}", error.kind()),
            other => format!("{other:?}"),
        };
        self.write(format!("{} after {}: {end}", self.name, cx.method()));
    }
}

/// Refuses everything.
struct Refuse(fn() -> Error);

impl Interceptor for Refuse {
    fn before(&self, _: &mut CallContext) -> Result<()> {
        Err((self.0)())
    }

    fn after(&self, _: &mut CallContext, _: &End<'_>) {
        panic!("a call that it has refused");
    }
}

fn running(config: &ServerConfig, wrap: impl FnOnce(Probe) -> Intercepted<Probe>) -> Running {
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    Running::memory_with(config, wrap(probe), handler)
}

fn config() -> ServerConfig {
    ServerConfig::new("")
}

#[test]
fn a_server_tells_them_of_every_call_and_how_it_ended() {
    for model in MODELS {
        let diary = Diary::default();
        let running = running(&config().model(model), |probe| {
            Intercepted::new(probe)
                .with(diary.named("outer"))
                .with(diary.named("inner"))
                .with(Log::new())
        });
        let client = running.client();
        client.echo("x").unwrap();
        let expected = ["outer before", "inner before"].map(|start| format!("{start} Probe:echo"));
        let after = ["inner", "outer"].map(|name| format!("{name} after echo: Done"));
        assert_eq!(diary.take(), [expected, after].concat());
        for (how, end) in [
            ("declared", "Declared"),
            (
                "chosen",
                "Application(ApplicationCode(6)): internal error: try later",
            ),
            ("panic", "Application(ApplicationCode(6)): internal error"),
        ] {
            client.fail(how).unwrap_err();
            assert_eq!(diary.take()[3], format!("outer after fail: {end}"));
        }
        client.unknown().unwrap_err();
        assert!(diary.take()[3].contains("unknown method"));
        client.note("ok").unwrap();
        client.echo("x").unwrap();
        let lines = diary.take();
        assert_eq!(lines[0], "outer before Probe:note oneway");
        assert_eq!(lines[3], "outer after note: Done");
        // Nobody is told of these, except for those around them.
        for (text, end) in [
            ("fail", "internal error: no"),
            ("panic", "internal error: in a oneway"),
        ] {
            client.note(text).unwrap();
            client.echo("x").unwrap();
            let expected = format!("outer after note: Application(ApplicationCode(6)): {end}");
            assert_eq!(diary.take()[3], expected);
        }
    }
}

#[test]
fn a_refusal_reaches_the_client_and_those_outside() {
    let diary = Diary::default();
    let overloaded = || Error::new(ErrorKind::Overloaded, "come later");
    let running = running(&config(), |probe| {
        Intercepted::new(probe)
            .with(diary.clone())
            .with(Refuse(overloaded))
            .with(diary.named("inner"))
    });
    let error = running.client().echo("x").unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.to_string(), "overloaded: come later");
    assert!(error.is_retryable());
    let expected = [
        " before Probe:echo",
        " after echo: Overloaded: overloaded: come later",
    ];
    assert_eq!(diary.take(), expected);
}

#[test]
fn what_a_peer_is_told_of_a_refusal_is_what_a_handlers_error_tells() {
    type Made = fn() -> Error;
    let cases: [(Made, &str); 4] = [
        (|| Error::handler("no", "the reason"), "internal error: no"),
        (
            || Error::application(ApplicationCode(99), "mine"),
            "application exception 99: mine",
        ),
        (|| Error::new(ErrorKind::Io, "disk"), "internal error"),
        (
            || Error::new(ErrorKind::Timeout, "too late to begin"),
            "timed out: too late to begin",
        ),
    ];
    for (error, text) in cases {
        let running = running(&config(), |probe| {
            Intercepted::new(probe).with(Refuse(error))
        });
        let client = running.client();
        // A oneway call is not answered, or this would be the next one's reply.
        client.note("x").unwrap();
        assert_eq!(client.echo("x").unwrap_err().other().to_string(), text);
    }
}

#[test]
fn a_client_tells_them_too() {
    let diary = Diary::default();
    let running = Running::memory(&config());
    let client = running.client();
    let client = client.with(|client| client.with_interceptor(diary.clone()));
    client.echo("x").unwrap();
    client.fail("declared").unwrap_err();
    client.note("x").unwrap();
    client.send_echo("x").unwrap().wait().unwrap();
    drop(client.send_echo("x").unwrap());
    let after = diary
        .take()
        .into_iter()
        .filter(|line| line.contains("after"));
    let expected = [
        " after echo: Done",
        " after fail: Declared",
        " after note: Done",
        " after echo: Done",
        " after echo: Cancelled: the call was given up, or its thread panicked",
    ];
    assert_eq!(after.collect::<Vec<_>>(), expected);

    let refusing = client.with(|client| {
        client.with_interceptor(Refuse(|| Error::new(ErrorKind::Io, "no network today")))
    });
    let error = refusing.echo("x").unwrap_err().other();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Io, Delivery::NotSent)
    );
}

#[test]
fn they_see_which_service_is_called() {
    let diary = Diary::default();
    let probe = Probe::default();
    let handler = Arc::clone(&probe.0);
    let services = Multiplexed::new().service("Probe", probe);
    let services = Intercepted::new(services).with(diary.clone());
    let running = Running::memory_with(&config(), services, handler);
    let client = running.client().with(|client| client.service("Probe"));
    client.echo("x").unwrap();
    assert_eq!(diary.take()[0], " before Probe:echo");
}

#[test]
fn calls_over_a_limit_of_concurrency_are_refused() {
    let running = running(&config(), |probe| {
        Intercepted::new(probe).with(ConcurrencyLimit::new(1))
    });
    let (busy, other) = (running.client(), running.client());
    let waiting = busy.send_wait().unwrap();
    running.handler.until_waiting(1);
    let error = other.echo("x").unwrap_err().other();
    assert_eq!(
        error.to_string(),
        "overloaded: 1 calls run already, as many as may"
    );
    running.handler.release();
    waiting.wait().unwrap();
    assert_eq!(other.echo("x").unwrap(), "x");
}

/// Sees what is left by others.
struct Reader(Arc<Mutex<Option<(u32, bool)>>>);

impl Interceptor for Reader {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        let number = cx.extensions_mut().insert(7_u32).unwrap_or_default();
        let soon = Instant::now() + Duration::from_mins(1);
        let limited = cx.deadline().is_some_and(|deadline| deadline.at() < soon);
        *self.0.lock() = Some((number, limited));
        Ok(())
    }
}

#[test]
fn deadlines_and_extensions_are_of_one_call() {
    let seen = Arc::new(Mutex::new(None));
    let running = running(&config(), |probe| {
        Intercepted::new(probe)
            .with(TimeLimit::new(Duration::from_secs(10)))
            .with(Reader(Arc::clone(&seen)))
    });
    let client: ProbeClient = running.client();
    for _ in 0..2 {
        client.echo("x").unwrap();
        assert_eq!(seen.lock().take(), Some((0, true)));
    }
    // The limit of a client's interceptor is the call's.
    let hurried =
        client.with(|client| client.with_interceptor(TimeLimit::new(Duration::from_millis(50))));
    let error = hurried.wait().unwrap_err().other();
    assert_eq!(error.to_string(), "no reply within 50 ms");
    running.handler.release();
}

/// A caller who names no service must not be mistaken for one of another.
#[test]
fn interceptors_know_which_service_a_call_reaches() {
    #[derive(Clone, Default)]
    struct Services(Arc<Mutex<Vec<String>>>);

    impl Interceptor for Services {
        fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
            self.0.lock().push(cx.service().to_owned());
            Ok(())
        }

        fn after(&self, cx: &mut CallContext, _: &End<'_>) {
            assert_eq!(Some(cx.service()), self.0.lock().last().map(String::as_str));
        }
    }

    let seen = Services::default();
    let (alone, several) = (Probe::default(), Probe::default());
    let handler = Arc::clone(&alone.0);
    let config = ServerConfig::new("");
    let running = {
        let processor = Intercepted::new(alone).with(seen.clone());
        Running::memory_with(&config, processor, Arc::clone(&handler))
    };
    running.client().echo("x").unwrap();

    let services = Multiplexed::new()
        .service("Named", several.clone())
        .default_service(several);
    let processor = Intercepted::new(services).with(seen.clone());
    let running = Running::memory_with(&config, processor, handler);
    running.client().echo("x").unwrap();
    let named = running.client_with(&running.client_config().service("Named"));
    named.echo("x").unwrap();
    let wrong = running.client_with(&running.client_config().service("Nobody"));
    wrong.echo("x").unwrap_err();
    assert_eq!(*seen.0.lock(), ["Probe", "Probe", "Named", "Nobody"]);
}

fn oneway<T>(call: impl FnOnce(&ProbeClient) -> T) -> Vec<u8> {
    let mut frame = Raw::named("framed", "binary").call(0, call);
    frame[7] = MessageKind::Oneway.byte();
    frame
}

/// A peer may call any function as oneway.
#[test]
fn calls_without_an_answer_fail_like_others() {
    let diary = Diary::default();
    let named = Multiplexed::new().service("Probe", Probe::default());
    let services = Intercepted::new(named).with(diary.clone());
    let several = Running::memory_with(&config(), services, Arc::default());
    let alone = running(&config(), |probe| {
        Intercepted::new(probe).with(diary.clone())
    });
    let none = "Application(ApplicationCode(1)): unknown method:";
    for (running, call, end) in [
        (
            &alone,
            oneway(|client| client.echo("x")),
            "after echo: Done".to_owned(),
        ),
        (
            &alone,
            oneway(|client| client.fail("chosen")),
            "after fail: Application(ApplicationCode(6)): internal error: try later".to_owned(),
        ),
        (
            &alone,
            oneway(|client| client.fail("panic")),
            "after fail: Application(ApplicationCode(6)): internal error".to_owned(),
        ),
        (
            &alone,
            oneway(ProbeClient::unknown),
            format!("after nope: {none} Invalid method name: 'nope'"),
        ),
        (
            &several,
            oneway(|client| client.echo("x")),
            format!(
                "after echo: {none} `echo` names no service: write `Service:echo`, or set a default service"
            ),
        ),
    ] {
        let mut stream = running.stream();
        stream.write_all(&call).unwrap();
        let line = || diary.take().into_iter().find(|line| line.contains("after"));
        let mut found = None;
        let deadline = Instant::now() + AGES;
        while found.is_none() && Instant::now() < deadline {
            found = line();
            std::thread::yield_now();
        }
        assert_eq!(found.unwrap().trim(), end);
    }
}
