//! Peers that stall, drip, flood, never read, or speak something else.

use std::time::{Duration, Instant};

use seapink::ErrorKind;
use seapink::config::{ReplyOrder, ServerTimeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{AGES, ASYNC, Kind, Running, all_orders, eventually, in_time, local};

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], message].concat()
}

/// A call of a function with a text.
pub(crate) fn call(name: &str, id: i32, text: &str) -> Vec<u8> {
    let length = |text: &str| u32::try_from(text.len()).unwrap().to_be_bytes();
    let mut message = vec![0x80, 1, 0, 1];
    message.extend(length(name));
    message.extend(name.bytes());
    message.extend(id.to_be_bytes());
    message.extend([11, 0, 1]);
    message.extend(length(text));
    message.extend(text.bytes());
    message.push(0);
    frame(&message)
}

/// A call with one more field.
fn with(mut call: Vec<u8>, field: &[u8]) -> Vec<u8> {
    call.pop();
    let message = [&call[4..], field, &[0]].concat();
    frame(&message)
}

/// A call of `wait` that returns after so many milliseconds.
pub(crate) fn waiting(id: i32, ms: i64) -> Vec<u8> {
    let field = [&[10, 0, 2], &ms.to_be_bytes()[..]].concat();
    with(call("wait", id, "time"), &field)
}

/// A call that is answered with so many bytes.
pub(crate) fn repeat(id: i32, bytes: usize) -> Vec<u8> {
    let times = i32::try_from(bytes).unwrap().to_be_bytes();
    let field = [&[8, 0, 2], &times[..]].concat();
    with(call("repeat", id, "x"), &field)
}

pub(crate) fn echo(id: i32, text: &str) -> Vec<u8> {
    call("echo", id, text)
}

/// Reads a reply, and returns its sequence id.
pub(crate) async fn read_id(stream: &mut TcpStream) -> i32 {
    let length = in_time(stream.read_u32()).await.unwrap();
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    in_time(stream.read_exact(&mut frame)).await.unwrap();
    let name = usize::from(frame[7]);
    i32::from_be_bytes(frame[8 + name..12 + name].try_into().unwrap())
}

/// Reads to the end, which has to come. A reset is one, too.
pub(crate) async fn rest(stream: &mut TcpStream) -> usize {
    let mut bytes = Vec::new();
    let _ = in_time(stream.read_to_end(&mut bytes)).await;
    bytes.len()
}

fn hasty(timeouts: ServerTimeouts) -> seapink::ServerConfig {
    local().timeouts(timeouts)
}

#[tokio::test]
async fn idle_connections_are_closed() {
    for kind in ASYNC {
        let running = Running::start(kind, &hasty(ServerTimeouts::default().idle_ms(50)));
        let mut new = running.stream().await;
        assert_eq!(rest(&mut new).await, 0);
        let mut used = running.stream().await;
        used.write_all(&echo(7, "x")).await.unwrap();
        assert_eq!(read_id(&mut used).await, 7);
        let begun = Instant::now();
        assert_eq!(rest(&mut used).await, 0);
        assert!(
            begun.elapsed() > Duration::from_millis(20),
            "counted from the answer"
        );
        eventually("both are counted", || {
            running.stats().connections_failed_by(ErrorKind::Timeout) == 2
        })
        .await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_not_one_whose_handler_takes_long() {
    for kind in [Kind::Async, Kind::Workers] {
        for order in [ReplyOrder::Sent, ReplyOrder::Any] {
            let config = hasty(ServerTimeouts::default().idle_ms(30)).reply_order(order);
            let running = Running::start(kind, &config);
            let client = running.client().await;
            let slow = crate::support::wait_ms(&client, 150);
            assert_eq!(in_time(slow).await.unwrap(), 2000);
        }
    }
}

#[tokio::test]
async fn dripping_does_not_extend_the_time() {
    let timeouts = ServerTimeouts::default().read_ms(60).header_ms(30);
    for (bytes, what) in [(3, "header_ms"), (100, "read_ms")] {
        let running = Running::start(Kind::Async, &hasty(timeouts));
        let mut stream = running.stream().await;
        stream.write_all(&echo(1, "x")).await.unwrap();
        assert_eq!(read_id(&mut stream).await, 1);
        let message = echo(2, &"x".repeat(100_000));
        let begun = Instant::now();
        for byte in message {
            if begun.elapsed() > AGES || stream.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(if bytes == 3 { 15 } else { 1 })).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
        eventually(what, || {
            running.stats().connections_failed_by(ErrorKind::Timeout) == 1
        })
        .await;
    }
}

#[tokio::test]
async fn big_messages_that_move_may_take_longer() {
    let timeouts = ServerTimeouts::default()
        .read_ms(50)
        .bytes_per_second_min(1_000);
    let running = Running::start(Kind::Async, &hasty(timeouts));
    let mut stream = running.stream().await;
    let message = echo(3, &"x".repeat(100_000));
    for part in message.chunks(10_000) {
        stream.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(read_id(&mut stream).await, 3);
}

#[tokio::test]
async fn a_peer_that_does_not_take_its_replies_is_cut() {
    for order in [ReplyOrder::Sent, ReplyOrder::Any] {
        let timeouts = ServerTimeouts::default().write_ms(60);
        let running = Running::start(Kind::Async, &hasty(timeouts).reply_order(order));
        let mut stream = running.stream().await;
        let message = echo(1, &"x".repeat(500_000));
        // It ends when the server has stopped reading, and closed.
        in_time(async { while stream.write_all(&message).await.is_ok() {} }).await;
        eventually("it is counted", || {
            running.stats().connections_failed_by(ErrorKind::Timeout) == 1
        })
        .await;
        eventually("and gone", || running.stats().connections_open == 0).await;
    }
}

#[tokio::test]
async fn many_messages_in_one_write_and_one_in_many() {
    for kind in ASYNC {
        for order in [ReplyOrder::Sent, ReplyOrder::Any] {
            let running = Running::start(kind, &local().reply_order(order).in_flight_max(4));
            let mut stream = running.stream().await;
            let all: Vec<u8> = (1..=200).flat_map(|id| echo(id, "x")).collect();
            stream.write_all(&all).await.unwrap();
            let mut ids = Vec::new();
            for _ in 0..200 {
                ids.push(read_id(&mut stream).await);
            }
            if order == ReplyOrder::Any {
                ids.sort_unstable();
            }
            assert_eq!(ids, (1..=200).collect::<Vec<_>>(), "{kind:?}");
            for byte in echo(201, "x") {
                stream.write_all(&[byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            assert_eq!(read_id(&mut stream).await, 201);
        }
    }
}

#[tokio::test]
async fn half_closing_does_not_lose_the_answers() {
    for kind in ASYNC {
        for order in [ReplyOrder::Sent, ReplyOrder::Any] {
            let running = Running::start(kind, &local().reply_order(order));
            let mut stream = running.stream().await;
            let all: Vec<u8> = (1..=20).flat_map(|id| echo(id, "x")).collect();
            stream.write_all(&all).await.unwrap();
            stream.shutdown().await.unwrap();
            // A reply is as long as its call.
            let one = echo(1, "x").len();
            assert_eq!(rest(&mut stream).await, 20 * one, "{kind:?} {order:?}");
            eventually("it ends well", || running.stats().connections_open == 0).await;
            assert_eq!(running.stats().connections_failed, 0);
        }
    }
}

/// The end is read while calls run, and while others wait for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_closing_behind_slow_calls_does_not_lose_their_answers() {
    for (kind, order) in all_orders() {
        let running = Running::start(kind, &local().reply_order(order));
        let mut stream = running.stream().await;
        let calls: Vec<u8> = (0..10).flat_map(|id| waiting(id, 5)).collect();
        stream.write_all(&calls).await.unwrap();
        stream.shutdown().await.unwrap();
        rest(&mut stream).await;
        let stats = running.stats();
        let ends = (stats.replies, stats.exceptions, stats.connections_failed);
        assert_eq!(ends, (10, 0, 0), "{kind:?} {order:?}");
    }
}

#[tokio::test]
async fn others_protocols_are_told_apart() {
    for kind in ASYNC {
        let running = Running::start(kind, &local());
        for (number, first) in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"SSH-2.0-OpenSSH_9.9\r\n",
        ]
        .iter()
        .enumerate()
        {
            let mut stream = running.stream().await;
            stream.write_all(first).await.unwrap();
            rest(&mut stream).await;
            eventually("it is counted", || {
                running.stats().connections_foreign == number as u64 + 1
            })
            .await;
        }
        assert_eq!(in_time(running.client().await.add(1, 1)).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_limit_that_is_passed_ends_the_connection() {
    let mut config = local();
    config.limits.message_bytes_max = 1_000;
    let running = Running::start(Kind::Async, &config);
    let mut stream = running.stream().await;
    let mut both = echo(1, "x");
    both.extend(echo(2, &"x".repeat(2_000)));
    stream.write_all(&both).await.unwrap();
    assert_eq!(
        read_id(&mut stream).await,
        1,
        "what came before is answered"
    );
    assert_eq!(rest(&mut stream).await, 0);
    eventually("it is counted", || {
        running.stats().connections_failed_by(ErrorKind::Limit) == 1
    })
    .await;
}

#[tokio::test]
async fn connections_over_the_bound_are_refused() {
    let config = local().connections_max(2).connections_per_address_max(2);
    let running = Running::start(Kind::Async, &config);
    let (mut first, _second) = (running.stream().await, running.stream().await);
    eventually("both are in", || running.stats().connections_open == 2).await;
    let mut third = running.stream().await;
    assert_eq!(rest(&mut third).await, 0);
    assert_eq!(running.stats().connections_refused, 1);
    first.write_all(&echo(1, "x")).await.unwrap();
    assert_eq!(read_id(&mut first).await, 1);
    drop(first);
    eventually("there is room", || running.stats().connections_open == 1).await;
    let mut fourth = running.stream().await;
    fourth.write_all(&echo(4, "x")).await.unwrap();
    assert_eq!(read_id(&mut fourth).await, 4);
}

#[tokio::test]
async fn no_more_is_read_while_enough_is_in_flight() {
    let config = local().reply_order(ReplyOrder::Any).in_flight_max(3);
    let running = Running::start(Kind::Async, &config);
    let client = running.client().await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { crate::support::wait(&client).await })
        })
        .collect();
    running.calc.until_waiting(3).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(running.stats().calls_running, 3);
    running.calc.release();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap(), 2000);
    }
}

/// What is made at the same time is bounded by the threads, not by what a peer may have in flight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_peer_that_never_reads_few_answers_are_held_in_any_order() {
    const CALLS: i32 = 64;
    const BYTES: usize = 1_000_000;

    for kind in ASYNC {
        let config = hasty(ServerTimeouts::default().write_ms(500));
        let config = config.reply_order(ReplyOrder::Any);
        let config = match kind {
            Kind::Workers => config.workers(2),
            _ => config,
        };
        let running = Running::start(kind, &config);
        let mut stream = running.stream().await;
        let calls: Vec<u8> = (0..CALLS).flat_map(|id| repeat(id, BYTES)).collect();
        stream.write_all(&calls).await.unwrap();
        eventually("it is cut", || {
            running.stats().connections_failed_by(ErrorKind::Timeout) == 1
        })
        .await;
        // Some fit into the system's buffers.
        let made = running.stats().replies;
        assert!(made < 32, "{kind:?}: {made} answers were made");
        // One who does read gets them all.
        let mut stream = running.stream().await;
        stream.write_all(&calls).await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..CALLS {
            ids.push(read_id(&mut stream).await);
        }
        ids.sort_unstable();
        assert_eq!(ids, (0..CALLS).collect::<Vec<_>>(), "{kind:?}");
    }
}
