//! More calls than a server may run: the rest is told so at once, and not run.

use std::time::{Duration, Instant};

use seapink::config::{ReplyOrder, ServerTimeouts};
use seapink::{ApplicationCode, ErrorKind, Result};
use tokio::task::JoinHandle;

use crate::golden::asynchronous::{CalculatorAsyncClient, CalculatorWaitError};
use crate::support::{Kind, Other, Running, eventually, in_time, local, wait};

type Waiting = JoinHandle<Result<i32, CalculatorWaitError>>;

fn waiting(client: &CalculatorAsyncClient, calls: usize) -> Vec<Waiting> {
    let call = |_| {
        let client = client.clone();
        tokio::spawn(async move { wait(&client).await })
    };
    (0..calls).map(call).collect()
}

#[tokio::test]
async fn async_handlers_over_the_bound_are_refused_at_once() {
    let config = local().reply_order(ReplyOrder::Any).queue(4);
    let running = Running::start(Kind::Async, &config);
    let client = running.client().await;
    let calls = waiting(&client, 4);
    running.calc.until_waiting(4).await;
    for _ in 0..10 {
        let begun = Instant::now();
        let error = in_time(client.echo("x")).await.unwrap_err().other();
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        assert_eq!(error.message(), "the server's queue is full");
        assert!(error.is_retryable());
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    // Nobody answers a oneway call, and it is not run.
    client.note("refused").await.unwrap();
    running.calc.release();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
    }
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
    assert!(running.calc.notes().is_empty());
    let overloaded = ApplicationCode::OVERLOADED;
    assert_eq!(running.stats().exceptions_by(overloaded), 10);
    assert_eq!(running.stats().connections_accepted, 1);
}

#[tokio::test]
async fn handlers_that_block_have_workers_and_a_queue() {
    let config = local().reply_order(ReplyOrder::Any).workers(2).queue(3);
    let running = Running::start(Kind::Workers, &config);
    let client = running.client().await;
    let calls = waiting(&client, 5);
    running.calc.until_waiting(2).await;
    eventually("three wait", || running.stats().calls_queued == 3).await;
    assert_eq!(running.stats().calls_running, 2);
    let error = in_time(client.echo("x")).await.unwrap_err().other();
    assert_eq!(error.message(), "the server's queue is full");
    running.calc.release();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
    }
    assert_eq!(running.stats().calls_queued, 0);
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
}

#[tokio::test]
async fn calls_that_wait_for_too_long_are_not_run() {
    let timeouts = ServerTimeouts::default().queue_ms(40);
    let config = local().reply_order(ReplyOrder::Any).workers(1);
    let running = Running::start(Kind::Workers, &config.timeouts(timeouts));
    let client = running.client().await;
    let calls = waiting(&client, 1);
    running.calc.until_waiting(1).await;
    let error = in_time(client.echo("x")).await.unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.message(), "the call has waited for queue_ms");
    running.calc.release();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
    }
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
}

#[tokio::test]
async fn a_client_that_goes_away_frees_what_its_calls_held() {
    let config = local().reply_order(ReplyOrder::Any).queue(2);
    let running = Running::start(Kind::Async, &config);
    let client = running.client().await;
    let calls = waiting(&client, 2);
    running.calc.until_waiting(2).await;
    for call in calls {
        call.abort();
    }
    drop(client);
    running.calc.release();
    eventually("they are gone", || running.stats().calls_running == 0).await;
    let client = running.client().await;
    assert_eq!(in_time(client.echo("y")).await.unwrap(), "y");
}
