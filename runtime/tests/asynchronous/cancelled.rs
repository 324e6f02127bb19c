//! Calls that are dropped: nobody else gets their replies, and their slots come back.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seapink::config::ReplyOrder;
use seapink::{AsyncClient, ErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::deadlines::{listening, read_call, reply};
use crate::golden::asynchronous::CalculatorAsyncClient;
use crate::support::{Kind, Running, eventually, in_time, local, wait};

/// Polls a future so often, and drops it.
async fn poll_times<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        });
        if let Some(output) = polled.await {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_at_any_point_they_leave_no_reply_to_others() {
    for order in [ReplyOrder::Any, ReplyOrder::Sent] {
        let running = Running::start(Kind::Async, &local().reply_order(order));
        let config = running.client_config().in_flight_max(8);
        let config = config.reply_order(order);
        let client = CalculatorAsyncClient::connect(&config).await.unwrap();
        let answered = Arc::<AtomicUsize>::default();
        let mut tasks = JoinSet::new();
        for task in 0..16_usize {
            let (client, answered) = (client.clone(), Arc::clone(&answered));
            tasks.spawn(async move {
                for number in 0..300_usize {
                    let token = format!("{task} {number}");
                    let call = client.echo(&token);
                    let reply = match number % 4 {
                        0 => Some(call.await),
                        // Before it is sent, while it is, and behind that.
                        1 => poll_times(fastrand::usize(0..6), call).await,
                        2 => timeout(Duration::from_micros(fastrand::u64(0..400)), call)
                            .await
                            .ok(),
                        _ => tokio::join!(call, async {
                            poll_times(2, client.echo("another")).await;
                        })
                        .0
                        .into(),
                    };
                    if let Some(reply) = reply {
                        assert_eq!(reply.unwrap(), token);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        in_time(tasks.join_all()).await;
        assert!(answered.load(Ordering::Relaxed) >= 16 * 150);
        // All eight slots are there again.
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let client = client.clone();
                tokio::spawn(async move { client.add(n, n).await })
            })
            .collect();
        for (n, call) in (0..).zip(calls) {
            assert_eq!(in_time(call).await.unwrap().unwrap(), 2 * n);
        }
        assert_eq!(running.stats().connections_accepted, 1, "{order:?}");
    }
}

#[tokio::test]
async fn a_slot_comes_back_with_the_late_reply() {
    let running = Running::start(Kind::Async, &local().reply_order(ReplyOrder::Any));
    let config = running.client_config().in_flight_max(1);
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    let call = client.clone();
    let call = tokio::spawn(async move { wait(&call).await });
    running.calc.until_waiting(1).await;
    call.abort();
    let brief = client.with_timeout(Duration::from_millis(40));
    let error = crate::support::Other::other(brief.echo("x").await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Overloaded, "its slot is taken");
    running.calc.release();
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
    assert_eq!(running.stats().connections_accepted, 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_though_all_calls_were_dropped() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let mut config = seapink::ClientConfig::new(address).in_flight_max(1);
    config.timeouts.call_ms = 80;
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    let (mut first, _) = listener.accept().await.unwrap();
    for _ in 0..3 {
        let dropped = timeout(Duration::from_millis(5), client.echo("x")).await;
        assert!(dropped.is_err(), "nobody answers");
    }
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut first, &mut bytes);
    in_time(read).await.unwrap();
    assert!(!bytes.is_empty());
    // And the next call gets another one.
    let call = tokio::spawn(async move { client.echo("x").await });
    in_time(listener.accept()).await.unwrap();
    call.abort();
}

/// Not even if a reply to another call comes before the driver knows.
#[tokio::test]
async fn a_dropped_oneway_call_harms_no_other() {
    let (listener, config) = listening().await;
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let first = client.clone();
    let first = tokio::spawn(async move { first.add(0, 1).await });
    let id = read_call(&mut stream).await;
    // All at once, without a turn for the driver.
    let mut second = pin!(client.add(0, 2));
    let waker = Waker::noop();
    let cx = &mut Context::from_waker(waker);
    assert!(pin!(client.note("dropped")).poll(cx).is_pending());
    assert!(second.as_mut().poll(cx).is_pending());
    assert!(stream.try_write(&reply(id, 1)).is_ok());
    let (second, ()) = tokio::join!(second, async {
        let id = in_time(read_call(&mut stream)).await;
        stream.write_all(&reply(id, 2)).await.unwrap();
    });
    assert_eq!(second.unwrap(), 2);
    assert_eq!(in_time(first).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn dropping_the_last_client_closes_the_connection() {
    let running = Running::start(Kind::Async, &local());
    let client = running.client().await;
    let clone = client.clone();
    assert_eq!(client.echo("x").await.unwrap(), "x");
    drop(client);
    assert_eq!(clone.echo("y").await.unwrap(), "y");
    assert_eq!(running.stats().connections_open, 1);
    drop(clone);
    eventually("it is closed", || running.stats().connections_open == 0).await;
    assert_eq!(running.stats().connections_failed, 0, "it ended well");
}

#[tokio::test]
async fn a_client_that_is_dropped_while_it_connects_makes_no_connection() {
    let begun = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&begun);
    let dropped = Arc::<AtomicUsize>::default();
    let ended = Arc::clone(&dropped);
    let connect = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let ended = OnDrop(Arc::clone(&ended));
        async move {
            sleep(Duration::from_hours(1)).await;
            drop(ended);
            unreachable!()
        }
    };
    let config = seapink::ClientConfig::new("");
    let connecting = AsyncClient::<seapink::Standard>::with_connector(connect, &config);
    let given_up = timeout(Duration::from_millis(20), connecting).await;
    assert!(given_up.is_err());
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    eventually("the attempt ends", || dropped.load(Ordering::SeqCst) == 1).await;
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
