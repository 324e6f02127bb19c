//! Many tasks and a server that stalls, forgets and hangs up: replies are those of their calls, in time,
//! and it never ends in a client that cannot be used.

use std::time::{Duration, Instant};

use seapink::config::ReplyOrder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::deadlines::listening;
use crate::golden::asynchronous::CalculatorAsyncClient;
use crate::support::in_time;

/// A thing that happens once in so many times.
fn once_in(times: u32) -> bool {
    fastrand::u32(0..times) == 0
}

fn some(ms_max: u64) -> Duration {
    Duration::from_millis(fastrand::u64(0..ms_max))
}

/// Answers calls of `echo`, whose replies differ from them in little.
async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut stalls = once_in(4);
    loop {
        let length = stream.read_u32().await?;
        let mut message = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut message).await?;
        if stalls && once_in(20) {
            sleep(some(60)).await;
            stalls = fastrand::bool();
        }
        if once_in(200) {
            return Ok(());
        }
        let oneway = message[3] == 4;
        if oneway {
            continue;
        }
        if once_in(6) {
            sleep(some(8)).await;
        }
        let result = 12 + usize::from(message[7]);
        message[3] = 2;
        message[result + 2] = 0;
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&message).await?;
    }
}

async fn make_calls(client: CalculatorAsyncClient, task: usize, end: Instant) {
    for number in 0.. {
        if Instant::now() >= end {
            return;
        }
        let ms = fastrand::u64(1..40);
        let client = client.clone().with_timeout(Duration::from_millis(ms));
        let large = if once_in(50) { 300_000 } else { 0 };
        let text = format!("{task} {number} {}", "x".repeat(large));
        let begun = Instant::now();
        match fastrand::u32(0..10) {
            0 => drop(client.note(&text).await),
            1 => drop(timeout(some(10), client.note(&text)).await),
            2 => drop(timeout(some(10), client.echo(&text)).await),
            _ => {
                if let Ok(reply) = client.echo(&text).await {
                    assert!(reply == text, "another's reply");
                }
            }
        }
        // One that is not woken never ends.
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} of {ms} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_does_replies_are_those_of_their_calls() {
    for order in [ReplyOrder::Any, ReplyOrder::Sent] {
        let (listener, config) = listening().await;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        let config = config.in_flight_max(4).reply_order(order);
        let client = CalculatorAsyncClient::connect(&config).await.unwrap();
        let end = Instant::now() + Duration::from_millis(500);
        let mut tasks = JoinSet::new();
        for task in 0..10 {
            tasks.spawn(make_calls(client.clone(), task, end));
        }
        tasks.join_all().await;
        let client = client.with_timeout(Duration::from_secs(1));
        in_time(async { while client.echo("last").await.is_err() {} }).await;
        accepting.abort();
    }
}
