//! Servers that die or answer nonsense, handlers that fail, and runtimes that end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seapink::client::ConnectionEvent;
use seapink::config::{PoolConfig, ReconnectConfig, RetryConfig};
use seapink::interceptor::{End, Intercepted, Interceptor};
use seapink::{
    ApplicationCode, AsyncClient, AsyncMultiplexed, AsyncServer, CallContext, ClientConfig,
    Delivery, ErrorKind, Multiplexed, Standard,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::golden::asynchronous::{
    CalculatorAsyncClient, CalculatorAsyncProcessor, CalculatorEchoError, CalculatorFailError,
    CalculatorProcessor,
};
use crate::support::{
    AGES, ASYNC, Handler, Kind, Other, Running, eventually, in_time, local, wait,
};

#[tokio::test]
async fn panics_end_their_calls_and_nothing_else() {
    for kind in ASYNC {
        let running = Running::start(kind, &local());
        let client = running.client().await;
        for _ in 0..3 {
            let error = client.fail("on purpose").await.unwrap_err().other();
            let internal = ErrorKind::Application(ApplicationCode::INTERNAL_ERROR);
            assert_eq!(error.kind(), internal, "{kind:?}");
            assert_eq!(error.message(), "internal error", "nothing of the panic");
        }
        client.note("panic").await.unwrap();
        client.note("fail").await.unwrap();
        assert_eq!(in_time(client.echo("x")).await.unwrap(), "x");
        assert_eq!(running.calc.notes(), ["panic", "fail"]);
        let stats = running.stats();
        assert_eq!(stats.connections_accepted, 1);
        assert_eq!((stats.exceptions, stats.oneways), (3, 2), "{kind:?}");
        assert_eq!(stats.calls_running, 0);
    }
}

#[tokio::test]
async fn unknown_methods_are_answered() {
    for kind in ASYNC {
        let running = Running::start(kind, &local());
        let client = running.client().await;
        let called = client.client().call("nope", &[(1, "text")], ("x",)).await;
        let error: Result<String, CalculatorEchoError> = called;
        let error = error.unwrap_err().other();
        let unknown = ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD);
        assert_eq!(error.kind(), unknown);
        assert_eq!(error.message(), "Invalid method name: 'nope'");
        // Nobody answers oneway calls, whatever is wrong with them.
        client.client().oneway("nope", &[], ()).await.unwrap();
        assert_eq!(in_time(client.echo("x")).await.unwrap(), "x");
    }
}

#[tokio::test]
async fn a_function_with_a_reply_that_is_called_as_oneway_is_not_answered() {
    let running = Running::start(Kind::Async, &local());
    let client = running.client().await;
    let calculator = client.client();
    calculator
        .oneway("echo", &[(1, "text")], ("x",))
        .await
        .unwrap();
    calculator
        .oneway("fail", &[(1, "how")], ("x",))
        .await
        .unwrap();
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
}

#[tokio::test]
async fn a_server_that_dies_fails_every_call_in_flight() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = ClientConfig::new(format!("tcp://{}", listener.local_addr().unwrap()));
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.echo("x").await })
        })
        .collect();
    let mut bytes = [0; 20];
    stream.read_exact(&mut bytes).await.unwrap();
    drop(stream);
    for call in calls {
        let error = in_time(call).await.unwrap().unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        assert_eq!(error.delivery(), Delivery::Sent, "{error}");
    }
}

#[tokio::test]
async fn the_next_call_connects_again() {
    let mut running = Running::start(Kind::Async, &local());
    let client = running.client().await;
    assert_eq!(client.echo("x").await.unwrap(), "x");
    let address = running.handle().local_addr().to_string();
    assert!(running.handle().shutdown(AGES).await.is_clean());
    running.join().await;
    let error = client.echo("nobody").await.unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.message().contains("nobody listens there"), "{error}");
    assert!(error.is_retryable());
    // In the pause behind it nobody tries.
    let error = client.echo("nobody").await.unwrap_err().other();
    assert!(error.message().contains("the next attempt"), "{error}");
    let config = seapink::ServerConfig::new(address);
    let again = Running::start(Kind::Async, &config);
    let retry = RetryConfig::default();
    let client = CalculatorAsyncClient::new(client.client().clone().with_retry(&retry));
    // It waits for the pause to end.
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
    assert_eq!(again.stats().connections_accepted, 1);
}

#[tokio::test]
async fn idle_connections_that_the_server_has_closed_cost_no_call() {
    for pause in [0, 30] {
        let timeouts = seapink::config::ServerTimeouts::default().idle_ms(10);
        let running = Running::start(Kind::Async, &local().timeouts(timeouts));
        let client = running.client().await;
        for number in 1..=10 {
            assert_eq!(client.add(number, 1).await.unwrap(), number + 1);
            // Without a turn for the runtime's I/O in between, and with one.
            std::thread::sleep(Duration::from_millis(15));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        assert!(running.stats().connections_accepted > 1);
    }
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_says_why() {
    for (answer, what) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        (&[0, 0, 0, 20][..], "closed the connection before it replied"),
        (
            b"\x00\x00\x00\x17\x80\x01\x00\x02\x00\x00\x00\x04echo\x00\x00\x03\xe8\x0b\x00\x00\x00\x00\x00\x00\x00",
            "sequence id 1000, which no call in flight has",
        ),
        (
            b"\x00\x00\x00\x1f\x80\x01\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x04what\x08\x00\x02\x00\x00\x00\x07\x00",
            "sequence id 0, which no call in flight has; it says: protocol error: what",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = ClientConfig::new(format!("tcp://{}", listener.local_addr().unwrap()));
        let client = CalculatorAsyncClient::connect(&config).await.unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u32().await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let error = in_time(client.echo("x")).await.unwrap_err().other();
        assert!(error.message().contains(what), "{error}");
        assert_eq!(error.delivery(), Delivery::Sent);
        in_time(server).await.unwrap();
    }
}

#[tokio::test]
async fn one_attempt_serves_all_that_wait() {
    let attempts = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&attempts);
    let (here, there) = tokio::io::duplex(1);
    let first = Mutex::new(Some(here));
    let connect = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let first = first.lock().take();
        async move {
            if let Some(first) = first {
                let stream = seapink::transport::AsyncStream::new(first, seapink::Peer::Local);
                return Ok(stream);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            let text = "nobody is there";
            Err(seapink::Error::new(ErrorKind::Io, text))
        }
    };
    let pause = ReconnectConfig::default().min_ms(5_000).max_ms(10_000);
    let config = ClientConfig::new("").reconnect(pause);
    let client = AsyncClient::<Standard>::with_connector(connect, &config);
    let client = CalculatorAsyncClient::new(client.await.unwrap());
    drop(there);
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.echo("x").await })
        })
        .collect();
    for call in calls {
        let error = in_time(call).await.unwrap().unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert_eq!(error.message(), "nobody is there");
        assert!(error.retry_at().is_some());
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn listeners_hear_of_each_connection() {
    let running = Running::start(Kind::Async, &local());
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let lines = Arc::clone(&heard);
    let config = running.client_config().on_connection(move |event| {
        lines.lock().push(match event {
            ConnectionEvent::Connecting { connection } => format!("{connection} connecting"),
            ConnectionEvent::Up { connection, .. } => format!("{connection} up"),
            ConnectionEvent::Down { connection, reason } => {
                format!("{connection} down {:?}", reason.kind())
            }
            other => format!("{other:?}"),
        });
    });
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    client.echo("x").await.unwrap();
    drop(client);
    eventually("it is told", || heard.lock().len() == 3).await;
    assert_eq!(*heard.lock(), ["1 connecting", "1 up", "1 down Cancelled"]);
}

#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<String>>>);

impl Interceptor for Ends {
    fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
        if cx.is_oneway() {
            return Err(seapink::Error::new(ErrorKind::Overloaded, "no oneway"));
        }
        Ok(())
    }

    fn after(&self, cx: &mut CallContext, end: &End<'_>) {
        let end = match end {
            End::Done => "done".to_owned(),
            End::Declared => "declared".to_owned(),
            End::Failed(error) => format!("{:?}", error.kind()),
            other => format!("{other:?}"),
        };
        self.0.lock().push(format!("{} {end}", cx.method()));
    }
}

#[tokio::test]
async fn interceptors_see_how_calls_end_on_both_ends() {
    let (here, there) = (Ends::default(), Ends::default());
    let handler = Handler::default();
    let processor = CalculatorAsyncProcessor::new(handler.clone());
    let processor = Intercepted::new(processor).with(there.clone());
    let server = AsyncServer::bind(&local(), processor).unwrap();
    let config = ClientConfig::new(server.local_addr().to_string());
    tokio::spawn(server.run());
    let client = AsyncClient::<Standard>::connect(&config).await.unwrap();
    let client = CalculatorAsyncClient::new(client.with_interceptor(here.clone()));
    client.echo("x").await.unwrap();
    assert!(matches!(
        client.fail("declared").await.unwrap_err(),
        CalculatorFailError::Scratched(_)
    ));
    client.fail("chosen").await.unwrap_err();
    client.note("not sent").await.unwrap_err();
    let internal = "fail Application(ApplicationCode(6))";
    assert_eq!(*here.0.lock(), ["echo done", "fail declared", internal]);
    assert_eq!(*there.0.lock(), ["echo done", "fail declared", internal]);
    let dropped = tokio::time::timeout(Duration::from_millis(30), wait(&client)).await;
    assert!(dropped.is_err());
    assert_eq!(here.0.lock().last().unwrap(), "wait Cancelled");
    handler.0.release();
    eventually("the handler ends", || there.0.lock().len() == 4).await;
    assert_eq!(there.0.lock().last().unwrap(), "wait done");
}

#[tokio::test]
async fn services_of_a_multiplexed_server() {
    let processor =
        Multiplexed::new().service("Calculator", CalculatorProcessor::new(Handler::default()));
    let server = AsyncServer::bind_blocking(&local(), processor).unwrap();
    let config = ClientConfig::new(server.local_addr().to_string()).service("Calculator");
    tokio::spawn(server.run());
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    assert_eq!(client.add(1, 2).await.unwrap(), 3);
    let other = CalculatorAsyncClient::new(client.client().service("Nothing"));
    let error = other.echo("x").await.unwrap_err().other();
    assert!(error.message().contains("`Nothing`"), "{error}");
}

/// Of both styles, and each with its own protocols.
#[tokio::test]
async fn services_whose_handlers_are_futures_share_a_port() {
    let calc = || CalculatorAsyncProcessor::new(Handler::default());
    let few = seapink::WithProtocols::<JsonFirst, _>::new(calc());
    let blocking = CalculatorProcessor::new(Handler::default());
    let processor = AsyncMultiplexed::new()
        .service("Calculator", calc())
        .service("Few", few)
        .service_inline("Blocking", blocking)
        .default_service(calc());
    let config = local().protocol("auto");
    let server = AsyncServer::bind(&config, processor).unwrap();
    let address = server.local_addr().to_string();
    tokio::spawn(server.run());
    for protocol in ["binary", "compact"] {
        let config = ClientConfig::new(&*address).protocol(protocol);
        let client = CalculatorAsyncClient::connect(&config).await.unwrap();
        assert_eq!(client.add(1, 2).await.unwrap(), 3);
        let of = |name| CalculatorAsyncClient::new(client.client().service(name));
        for name in ["Calculator", "Blocking"] {
            assert_eq!(of(name).add(1, 2).await.unwrap(), 3);
        }
        let few = of("Few").echo("x").await;
        if protocol == "binary" {
            assert_eq!(few.unwrap(), "x");
        } else {
            let code = ApplicationCode::INVALID_PROTOCOL;
            assert_eq!(
                few.unwrap_err().other().kind(),
                ErrorKind::Application(code)
            );
        }
        let error = of("Nothing").echo("x").await.unwrap_err().other();
        assert_eq!(
            error.kind(),
            ErrorKind::Application(ApplicationCode::UNKNOWN_METHOD)
        );
        assert!(error.message().contains("`Nothing`"), "{error}");
    }
}

seapink::protocol_set!(pub(crate) JsonFirst: JsonProtocol, BinaryProtocol);
use seapink::{Binary as BinaryProtocol, Json as JsonProtocol};

#[test]
fn a_runtime_that_ends_takes_its_connections_along_and_the_next_one_makes_others() {
    let serving = tokio::runtime::Runtime::new().unwrap();
    let running = serving.block_on(async { Running::start(Kind::Async, &local()) });
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let client = first.block_on(running.client());
    assert_eq!(first.block_on(client.echo("x")).unwrap(), "x");
    let call = client.clone();
    let waiting = first.spawn(async move { wait(&call).await.map(drop) });
    first.block_on(running.calc.until_waiting(1));
    drop(first);
    drop(waiting);
    running.calc.release();
    assert_eq!(second.block_on(in_time(client.echo("y"))).unwrap(), "y");
    assert_eq!(running.stats().connections_accepted, 2);
}

#[test]
fn without_a_runtime_nothing_works_and_errors_say_so() {
    let config = ClientConfig::new("tcp://127.0.0.1:1");
    let connecting = AsyncClient::<Standard>::connect(&config);
    let mut connecting = std::pin::pin!(connecting);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = connecting.as_mut().poll(&mut cx) else {
        panic!("it has nothing to wait for");
    };
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = "an async client takes a runtime of tokio, and there is none here";
    assert_eq!(error.message(), text);
    let processor = CalculatorAsyncProcessor::new(Handler::default());
    let error = AsyncServer::bind(&local(), processor).unwrap_err();
    let text = "an async server takes a runtime of tokio, and there is none here";
    assert_eq!(error.message(), text);
}

#[tokio::test]
async fn a_pool_is_refused() {
    let config = ClientConfig::new("tcp://127.0.0.1:1").pool(PoolConfig::default());
    let error = AsyncClient::<Standard>::connect(&config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = "in code: client.pool: an async client has one connection, which its calls share";
    assert!(error.message().contains(text), "{error}");
}

/// Fails a few times before it gives its connection.
struct Exhausted(u32, Option<seapink::transport::AsyncStream>);

impl seapink::transport::AsyncListener for Exhausted {
    fn poll_accept(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<seapink::transport::AsyncStream>> {
        use std::task::Poll;

        if self.0 > 0 {
            self.0 -= 1;
            return Poll::Ready(Err(std::io::ErrorKind::OutOfMemory.into()));
        }
        self.1
            .take()
            .map_or(Poll::Pending, |stream| Poll::Ready(Ok(stream)))
    }

    fn local_addr(&self) -> seapink::transport::Address {
        seapink::transport::Address::Memory
    }
}

#[tokio::test]
async fn a_listener_that_fails_does_not_end_a_server() {
    use seapink::transport::AsyncStream;

    let (here, there) = tokio::io::duplex(1000);
    let listener = Exhausted(4, Some(AsyncStream::new(there, seapink::Peer::Local)));
    let processor = CalculatorAsyncProcessor::new(Handler::default());
    let server = AsyncServer::with_listener(listener, &local(), processor).unwrap();
    let handle = server.handle();
    let begun = std::time::Instant::now();
    let serving = tokio::spawn(server.run());
    let stream = AsyncStream::new(here, seapink::Peer::Local);
    let client = AsyncClient::<Standard>::over(stream, &ClientConfig::new("")).unwrap();
    let client = CalculatorAsyncClient::new(client);
    assert_eq!(in_time(client.add(1, 2)).await.unwrap(), 3);
    assert_eq!(handle.stats().accept_errors, 4);
    let pauses = Duration::from_millis(10 + 20 + 40 + 80);
    assert!(begun.elapsed() >= pauses, "it does not spin");
    assert!(handle.shutdown(AGES).await.is_clean());
    in_time(serving).await.unwrap().unwrap();
    let error = client.add(1, 2).await.unwrap_err();
    let crate::golden::asynchronous::CalculatorAddError::Other(error) = error;
    assert_eq!(error.kind(), ErrorKind::Closed, "there is no other stream");
}

/// Its client may do nothing before it has the response.
#[cfg(feature = "http")]
#[tokio::test(flavor = "multi_thread")]
async fn a_oneway_call_over_http_is_answered_before_it_is_run() {
    use std::io::{Read, Write};

    const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\n\
                            Content-Length: 0\r\n\r\n";
    for kind in ASYNC {
        let running = Running::start(kind, &local().transport("http"));
        let stream = running.stream().await.into_std().unwrap();
        // Not as a task: a handler that blocks keeps those waiting.
        let read = tokio::task::spawn_blocking(move || {
            let mut stream = stream;
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(AGES)).unwrap();
            // `wait()` by the old head, called as if it were oneway.
            let call = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 14\r\n\r\n\
                         \0\0\0\x04wait\x04\0\0\0\x07\0";
            stream.write_all(call).unwrap();
            let mut read = vec![0; RESPONSE.len()];
            stream.read_exact(&mut read).map(|()| read)
        });
        let read = read.await.unwrap();
        running.calc.release();
        assert_eq!(read.unwrap(), RESPONSE.as_bytes(), "{kind:?}");
    }
}
