//! Many calls at the same time on one connection, each with a text of its own that it gets back.

use seapink::ServerConfig;
use seapink::config::ReplyOrder;
use tokio::task::JoinSet;

use crate::golden::asynchronous::CalculatorAsyncClient;
use crate::support::{ALL, ASYNC, Kind, Running, in_time, local, wait, wait_ms};

const CALLS: usize = 1_000;

async fn tokens(client: &CalculatorAsyncClient, calls: usize) {
    let mut tasks = JoinSet::new();
    for number in 0..calls {
        let client = client.clone();
        tasks.spawn(async move {
            let token = format!("token {number} {}", "x".repeat(number % 700));
            assert_eq!(client.echo(&token).await.unwrap(), token);
        });
    }
    in_time(async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    })
    .await;
}

async fn connected(running: &Running, in_flight_max: usize) -> CalculatorAsyncClient {
    let config = running.client_config().in_flight_max(in_flight_max);
    CalculatorAsyncClient::connect(&config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_on_one_connection_of_every_server() {
    for kind in ALL {
        let running = Running::start(kind, &local());
        let client = connected(&running, 1024).await;
        tokens(&client, CALLS).await;
        assert_eq!(running.stats().connections_accepted, 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_of_servers_that_run_them_at_the_same_time() {
    let nonblocking = local().model(seapink::config::Model::Nonblocking);
    let kinds = ASYNC.map(|kind| (kind, local()));
    let model = Kind::Blocking(seapink::config::Model::Nonblocking);
    for (kind, config) in kinds.into_iter().chain([(model, nonblocking)]) {
        for transport in ["framed", "buffered"] {
            let config: ServerConfig = config.clone().transport(transport);
            let running = Running::start(kind, &config.reply_order(ReplyOrder::Any));
            let client = connected(&running, 1024).await;
            tokens(&client, CALLS).await;
            assert_eq!(running.stats().connections_accepted, 1, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn calls_wait_for_room_on_the_connection() {
    for in_flight_max in [1, 3] {
        let running = Running::start(Kind::Async, &local());
        let client = connected(&running, in_flight_max).await;
        tokens(&client, 300).await;
    }
}

#[tokio::test]
async fn replies_may_be_told_apart_by_their_order() {
    let running = Running::start(Kind::Async, &local());
    let config = running.client_config().reply_order(ReplyOrder::Sent);
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    tokens(&client, 300).await;
}

#[tokio::test]
async fn more_than_the_system_takes_at_once_waits_to_be_written() {
    let running = Running::start(Kind::Async, &local().reply_order(ReplyOrder::Any));
    let client = connected(&running, 64).await;
    let mut tasks = JoinSet::new();
    for number in 0..64_u8 {
        let client = client.clone();
        tasks.spawn(async move {
            let text = char::from(b'0' + number % 64).to_string().repeat(200_000);
            assert!(client.echo(&text).await.unwrap() == text);
        });
    }
    in_time(tasks.join_all()).await;
}

#[tokio::test]
async fn slow_handlers_keep_nobody_waiting() {
    for kind in [Kind::Async, Kind::Workers] {
        let running = Running::start(kind, &local().reply_order(ReplyOrder::Any));
        let client = running.client().await;
        let slow: Vec<_> = (0..4)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { wait(&client).await })
            })
            .collect();
        running.calc.until_waiting(4).await;
        // On the same connection, and on another one.
        assert_eq!(in_time(client.echo("same")).await.unwrap(), "same");
        let other = running.client().await;
        assert_eq!(in_time(other.echo("other")).await.unwrap(), "other");
        running.calc.release();
        for slow in slow {
            assert_eq!(in_time(slow).await.unwrap().unwrap(), 2000);
        }
    }
}

#[tokio::test]
async fn calls_of_a_connection_run_one_after_the_other_unless_told_otherwise() {
    let running = Running::start(Kind::Async, &local());
    let client = running.client().await;
    let (first, second) = (client.clone(), client.clone());
    let first = tokio::spawn(async move { wait_ms(&first, 30).await });
    running.calc.until_waiting(1).await;
    let second = tokio::spawn(async move { second.echo("second").await });
    assert_eq!(in_time(second).await.unwrap().unwrap(), "second");
    assert!(first.is_finished(), "it was answered before");
}
