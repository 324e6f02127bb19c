//! How async servers end.

use std::time::{Duration, Instant};

use seapink::config::ReplyOrder;
use seapink::{Delivery, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::peers::waiting;
use crate::support::{
    AGES, ASYNC, Handler, Kind, Other, Running, all_orders, eventually, in_time, local, wait,
};

const ORDERS: [ReplyOrder; 2] = [ReplyOrder::Sent, ReplyOrder::Any];

#[tokio::test]
async fn idle_connections_are_closed_at_once() {
    for kind in ASYNC {
        let mut running = Running::start(kind, &local());
        let mut streams = Vec::new();
        for _ in 0..5 {
            streams.push(running.stream().await);
        }
        eventually("they are in", || running.stats().connections_open == 5).await;
        let begun = Instant::now();
        let report = running.handle().shutdown(AGES).await;
        assert!(report.is_clean());
        assert!(begun.elapsed() < Duration::from_secs(5));
        for mut stream in streams {
            assert_eq!(in_time(stream.read(&mut [0])).await.unwrap(), 0);
        }
        running.join().await;
        assert!(running.handle().is_stopping());
        // Again does no harm.
        assert!(running.handle().drain().await.is_clean());
        assert_eq!(running.stats().connections_failed, 0);
    }
}

#[tokio::test]
async fn calls_that_run_are_answered() {
    for kind in [Kind::Async, Kind::Workers] {
        for order in ORDERS {
            let mut running = Running::start(kind, &local().reply_order(order));
            let client = running.client().await;
            let call = tokio::spawn(async move { wait(&client).await });
            running.calc.until_waiting(1).await;
            let handle = running.handle().clone();
            let ending = tokio::spawn(async move { handle.shutdown(AGES).await });
            eventually("it stops", || running.handle().is_stopping()).await;
            assert!(!ending.is_finished());
            running.calc.release();
            assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
            assert!(in_time(ending).await.unwrap().is_clean());
            running.join().await;
        }
    }
}

#[tokio::test]
async fn what_is_open_at_the_deadline_is_cut() {
    for kind in [Kind::Async, Kind::Workers] {
        for order in ORDERS {
            let mut running = Running::start(kind, &local().reply_order(order));
            let client = running.client().await;
            let call = tokio::spawn(async move { wait(&client).await });
            running.calc.until_waiting(1).await;
            let begun = Instant::now();
            let report = running.handle().shutdown(Duration::from_millis(60)).await;
            let took = begun.elapsed();
            assert_eq!(report.connections_cut, 1);
            assert!(took >= Duration::from_millis(60), "{took:?}");
            assert!(took < Duration::from_secs(5), "{took:?}");
            running.join().await;
            let error = in_time(call).await.unwrap().unwrap_err().other();
            assert_eq!(error.kind(), ErrorKind::Closed);
            assert_eq!(error.delivery(), Delivery::Sent);
            if kind == Kind::Async {
                running.calc.until_dropped(1).await;
            }
            // A handler that blocks has to return for the runtime to end.
            running.calc.release();
        }
    }
}

#[tokio::test]
async fn calls_that_wait_for_a_worker_are_refused_before_that() {
    let config = local().reply_order(ReplyOrder::Any).workers(1);
    let running = Running::start(Kind::Workers, &config);
    let client = running.client().await;
    let call = client.clone();
    let call = tokio::spawn(async move { wait(&call).await });
    running.calc.until_waiting(1).await;
    let queued = tokio::spawn(async move { client.echo("x").await });
    eventually("it waits", || running.stats().calls_queued == 1).await;
    let report = running.handle().shutdown(Duration::from_millis(400)).await;
    assert_eq!(report.connections_cut, 1);
    let error = in_time(queued).await.unwrap().unwrap_err().other();
    assert_eq!(error.message(), "the server is shutting down");
    assert!(error.is_retryable());
    assert!(in_time(call).await.unwrap().is_err());
    running.calc.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_under_load_lose_no_call_that_was_taken() {
    for kind in ASYNC {
        for order in ORDERS {
            let mut running = Running::start(kind, &local().reply_order(order));
            let mut tasks = JoinSet::new();
            for _ in 0..4 {
                let client = running.client().await;
                tasks.spawn(async move {
                    let mut answered = 0_u64;
                    loop {
                        match client.note_and_echo(answered).await {
                            Ok(()) => answered += 1,
                            // It was refused or not taken, or nobody knows; never nonsense.
                            Err(error) => {
                                let expected =
                                    [ErrorKind::Closed, ErrorKind::Io, ErrorKind::Overloaded];
                                assert!(expected.contains(&error.kind()), "{error}");
                                return answered;
                            }
                        }
                    }
                });
            }
            eventually("calls are made", || running.stats().replies > 200).await;
            let report = running.handle().shutdown(AGES).await;
            assert!(report.is_clean(), "{kind:?} {order:?}");
            let answered: u64 = in_time(tasks.join_all()).await.iter().sum();
            let stats = running.stats();
            assert_eq!(stats.replies, answered, "{kind:?} {order:?}");
            assert_eq!(stats.connections_failed, 0);
            running.join().await;
        }
    }
}

/// Of calls that were sent ahead, some have arrived behind those that run. All that were read are
/// answered, if only by a refusal.
async fn is_stopped_behind_calls(kind: Kind, order: ReplyOrder) {
    let running = Running::start(kind, &local().reply_order(order));
    let (mut reader, mut writer) = running.stream().await.into_split();
    let call = waiting(0, 1);
    let size = call.len() as u64;
    let reading = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
    });
    let writing = tokio::spawn(async move {
        let mut calls = call.repeat(300);
        // Many at once, and then more and more until the server is gone.
        while writer.write_all(&calls).await.is_ok() {
            calls.truncate(call.len());
            sleep(Duration::from_millis(1)).await;
        }
    });
    eventually("calls are answered", || running.stats().replies > 5).await;
    let report = running.shutdown().await;
    assert!(report.is_clean(), "{kind:?} {order:?}");
    let stats = running.stats();
    let answered = stats.replies + stats.exceptions;
    assert_eq!(stats.bytes_read / size, answered, "{kind:?} {order:?}");
    in_time(writing).await.unwrap();
    in_time(reading).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_is_answered() {
    let mut servers = JoinSet::new();
    for (kind, order) in all_orders() {
        servers.spawn(is_stopped_behind_calls(kind, order));
    }
    servers.join_all().await;
}

trait Load {
    async fn note_and_echo(&self, number: u64) -> seapink::Result<()>;
}

impl Load for crate::golden::asynchronous::CalculatorAsyncClient {
    async fn note_and_echo(&self, number: u64) -> seapink::Result<()> {
        let token = number.to_string();
        let echo = self.echo(&token).await.map_err(Other::other)?;
        assert_eq!(echo, token);
        Ok(())
    }
}

#[tokio::test]
async fn dropping_the_future_of_a_server_drains_it() {
    let handler = Handler::default();
    let processor = crate::golden::asynchronous::CalculatorAsyncProcessor::new(handler.clone());
    let server = seapink::AsyncServer::bind(&local(), processor).unwrap();
    let config = seapink::ClientConfig::new(server.local_addr().to_string());
    let handle = server.handle();
    let task = tokio::spawn(server.run());
    let client = crate::golden::asynchronous::CalculatorAsyncClient::connect(&config);
    let client = client.await.unwrap();
    let call = client.clone();
    let call = tokio::spawn(async move { wait(&call).await });
    handler.0.until_waiting(1).await;
    task.abort();
    eventually("it stops", || handle.is_stopping()).await;
    handler.0.release();
    assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
    eventually("it is over", || handle.stats().connections_open == 0).await;
    let error = client.echo("x").await.unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}
