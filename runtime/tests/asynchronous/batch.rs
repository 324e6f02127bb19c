//! Calls that arrive together on one connection: what is answered does not wait for those that take
//! long, and what has waited too long does not begin.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use seapink::config::{Dispatch, ReplyOrder, ServerTimeouts};
use seapink::interceptor::{Intercepted, Interceptor};
use seapink::{ApplicationCode, AsyncServer, CallContext, ErrorKind, Result, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::golden::asynchronous::{
    CalculatorAsyncClient, CalculatorAsyncProcessor, CalculatorProcessor,
};
use crate::peers::{call, echo, read_id, rest, waiting};
use crate::support::{AGES, ASYNC, Handler, Kind, Running, eventually, in_time, local, wait_ms};

fn note(text: &str) -> Vec<u8> {
    let mut frame = call("note", 0, text);
    // Oneway.
    frame[7] = 4;
    frame
}

/// A runtime for a server alone: handlers that block it must not hold up the test.
struct Elsewhere(Option<Runtime>);

impl Elsewhere {
    fn start(kind: Kind, config: &ServerConfig) -> (Running, Self) {
        let runtime = Runtime::new().unwrap();
        let entered = runtime.enter();
        let running = Running::start(kind, config);
        drop(entered);
        (running, Self(Some(runtime)))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

fn overloaded(running: &Running) -> u64 {
    running.stats().exceptions_by(ApplicationCode::OVERLOADED)
}

#[tokio::test]
async fn what_is_answered_does_not_wait_for_the_next_call() {
    for kind in ASYNC {
        let (running, _elsewhere) = Elsewhere::start(kind, &local());
        let mut stream = running.stream().await;
        let calls = [waiting(1, 20), waiting(2, 20), call("wait", 3, "release")];
        stream.write_all(&calls.concat()).await.unwrap();
        for id in [1, 2] {
            assert_eq!(read_id(&mut stream).await, id, "{kind:?}");
        }
        running.calc.release();
        assert_eq!(read_id(&mut stream).await, 3);
    }
}

#[tokio::test]
async fn calls_that_have_waited_behind_others_for_too_long_are_not_run() {
    for kind in ASYNC {
        let timeouts = ServerTimeouts::default().queue_ms(500);
        let (running, _elsewhere) = Elsewhere::start(kind, &local().timeouts(timeouts));
        let mut stream = running.stream().await;
        let calls = [waiting(1, 700), echo(2, "x"), note("late")];
        stream.write_all(&calls.concat()).await.unwrap();
        for id in [1, 2] {
            assert_eq!(read_id(&mut stream).await, id);
        }
        eventually("all are over", || running.stats().calls() == 3).await;
        assert!(running.calc.notes().is_empty(), "{kind:?}");
        assert_eq!(overloaded(&running), 1, "{kind:?}");
        stream.write_all(&echo(4, "x")).await.unwrap();
        assert_eq!(read_id(&mut stream).await, 4);
        assert_eq!(overloaded(&running), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn nothing_begins_after_the_end_of_a_shutdown() {
    for kind in ASYNC {
        let (mut running, _elsewhere) = Elsewhere::start(kind, &local());
        let mut stream = running.stream().await;
        let calls = [call("wait", 1, "release"), note("late"), note("later")];
        stream.write_all(&calls.concat()).await.unwrap();
        running.calc.until_waiting(1).await;
        let report = in_time(running.handle().shutdown(Duration::from_millis(100))).await;
        assert_eq!(report.connections_cut, 1, "{kind:?}");
        running.calc.release();
        running.join().await;
        eventually("nothing runs", || {
            let stats = running.stats();
            stats.connections_open == 0 && stats.calls_running == 0
        })
        .await;
        assert!(running.calc.notes().is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn a_call_that_comes_late_in_a_shutdown_is_told_so() {
    for kind in ASYNC {
        let (running, _elsewhere) = Elsewhere::start(kind, &local());
        let mut stream = running.stream().await;
        stream.write_all(&waiting(1, 700)).await.unwrap();
        running.calc.until_waiting(1).await;
        let handle = running.handle().clone();
        let stopping = tokio::spawn(async move { handle.shutdown(AGES).await });
        eventually("it stops", || running.handle().is_stopping()).await;
        // While the first call is answered.
        stream.write_all(&waiting(2, 700)).await.unwrap();
        assert_eq!(read_id(&mut stream).await, 1);
        running.calc.until_waiting(1).await;
        stream.write_all(&echo(3, "x")).await.unwrap();
        for id in [2, 3] {
            assert_eq!(read_id(&mut stream).await, id, "{kind:?}");
        }
        assert_eq!(rest(&mut stream).await, 0);
        assert!(in_time(stopping).await.unwrap().is_clean(), "{kind:?}");
        assert_eq!(overloaded(&running), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_slow_handler_is_not_idleness() {
    for kind in ASYNC {
        let timeouts = ServerTimeouts::default().idle_ms(500);
        let (running, _elsewhere) = Elsewhere::start(kind, &local().timeouts(timeouts));
        let client = running.client().await;
        assert_eq!(in_time(wait_ms(&client, 700)).await.unwrap(), 2000);
        sleep(Duration::from_millis(150)).await;
        assert_eq!(client.echo("x").await.unwrap(), "x");
        // The connection is still the first one: its time began with the answer.
        let failed = running.stats().connections_failed_by(ErrorKind::Timeout);
        assert_eq!(failed, 0, "{kind:?}");
        assert_eq!(running.stats().connections_accepted, 1, "{kind:?}");
    }
}

/// Leaves something for each call, and looks for what others have left.
#[derive(Clone, Default)]
struct Leave(Arc<Mutex<(Vec<Weak<()>>, usize)>>);

impl Interceptor for Leave {
    fn before(&self, cx: &mut CallContext) -> Result<()> {
        let (mut left, value) = (self.0.lock(), Arc::new(()));
        left.0.push(Arc::downgrade(&value));
        let before = cx.extensions_mut().insert(value);
        left.1 += usize::from(before.is_some());
        Ok(())
    }
}

#[tokio::test]
async fn what_interceptors_leave_goes_with_its_call() {
    for kind in ASYNC {
        for order in [ReplyOrder::Sent, ReplyOrder::Any] {
            let (leave, handler) = (Leave::default(), Handler::default());
            let config = local().reply_order(order);
            let wrapped = Intercepted::new(CalculatorProcessor::new(handler.clone()));
            let wrapped = wrapped.with(leave.clone());
            let server = match kind {
                Kind::Async => {
                    let processor = CalculatorAsyncProcessor::new(handler);
                    let processor = Intercepted::new(processor).with(leave.clone());
                    AsyncServer::bind(&config, processor)
                }
                Kind::Inline => {
                    AsyncServer::bind_blocking(&config.dispatch(Dispatch::Inline), wrapped)
                }
                _ => AsyncServer::bind_blocking(&config, wrapped),
            };
            let server = server.unwrap();
            let address = server.local_addr().to_string();
            let serving = tokio::spawn(server.run());
            let config = seapink::ClientConfig::new(address);
            let client = CalculatorAsyncClient::connect(&config).await.unwrap();
            for how in ["declared", "panic"] {
                client.echo("x").await.unwrap();
                client.fail(how).await.unwrap_err();
            }
            let alive = |left: &Vec<Weak<()>>| left.iter().any(|value| value.strong_count() > 0);
            eventually("nothing is left", || !alive(&leave.0.lock().0)).await;
            let left = leave.0.lock();
            assert_eq!((left.0.len(), left.1), (4, 0), "{kind:?} {order:?}");
            drop(left);
            serving.abort();
        }
    }
}
