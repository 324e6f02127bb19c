//! How calls end that take too long, and when.

use std::time::{Duration, Instant};

use seapink::config::{ClientTimeouts, ReplyOrder};
use seapink::{AsyncClient, ClientConfig, Delivery, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::golden::asynchronous::{CalculatorAddError, CalculatorAsyncClient};
use crate::support::{Kind, Other, Running, SLACK, in_time, local, wait};

/// A server that does what a test says with each connection.
pub(crate) async fn listening() -> (TcpListener, ClientConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = ClientConfig::new(format!("tcp://{}", listener.local_addr().unwrap()));
    (listener, config)
}

async fn client_of(config: &ClientConfig, ms: u64) -> CalculatorAsyncClient {
    let client = CalculatorAsyncClient::connect(config).await.unwrap();
    client.with_timeout(Duration::from_millis(ms))
}

/// Reads a frame, and returns the sequence id of the call in it.
pub(crate) async fn read_call(stream: &mut (impl AsyncRead + Unpin)) -> [u8; 4] {
    let length = stream.read_u32().await.unwrap();
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut frame).await.unwrap();
    let name = usize::from(frame[7]);
    frame[8 + name..12 + name].try_into().unwrap()
}

/// The reply to a call of `add`.
pub(crate) fn reply(id: [u8; 4], result: u8) -> Vec<u8> {
    let mut message = b"\x80\x01\x00\x02\x00\x00\x00\x03add".to_vec();
    message.extend(id);
    message.extend([8, 0, 0, 0, 0, 0, result, 0]);
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], &message].concat()
}

fn ends_in_time(begun: Instant, ms: u64) {
    let (took, due) = (begun.elapsed(), Duration::from_millis(ms));
    assert!(took >= due && took < due + SLACK, "{took:?}");
}

#[tokio::test]
async fn no_reply() {
    let running = Running::start(Kind::Async, &local());
    let client = running.client().await;
    let brief = client.with_timeout(Duration::from_millis(60));
    let begun = Instant::now();
    let error = wait(&brief).await.unwrap_err().other();
    ends_in_time(begun, 60);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent);
    assert_eq!(error.message(), "no reply within 60 ms");
    assert!(!error.is_retryable());
    running.calc.release();
    assert_eq!(in_time(client.echo("x")).await.unwrap(), "x");
}

#[tokio::test]
async fn a_reply_that_drips() {
    let (listener, config) = listening().await;
    let client = client_of(&config, 100).await;
    let dripping = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let reply = reply(read_call(&mut stream).await, 5);
        for byte in reply {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let begun = Instant::now();
    let CalculatorAddError::Other(error) = client.add(2, 3).await.unwrap_err();
    ends_in_time(begun, 100);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent);
    in_time(dripping).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_nothing() {
    let (listener, config) = listening().await;
    let client = client_of(&config, 100).await;
    let (_stream, _) = listener.accept().await.unwrap();
    let big: Vec<i64> = vec![1; 2_000_000];
    let begun = Instant::now();
    let error = client.sum(&big).await.unwrap_err().other();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent, "some of it was");
    assert_eq!(
        error.message(),
        "the server did not take the call within 100 ms"
    );
}

#[tokio::test]
async fn a_late_reply_is_dropped() {
    let (listener, config) = listening().await;
    let client = client_of(&config.in_flight_max(4), 10_000).await;
    let brief = client.with_timeout(Duration::from_millis(60));
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let late = read_call(&mut stream).await;
        // Something is heard of it, so that the connection lives on.
        let next = read_call(&mut stream).await;
        stream.write_all(&reply(next, 2)).await.unwrap();
        let last = read_call(&mut stream).await;
        stream.write_all(&reply(late, 1)).await.unwrap();
        stream.write_all(&reply(last, 3)).await.unwrap();
        stream
    });
    let (late, next) = tokio::join!(brief.add(0, 1), async {
        sleep(Duration::from_millis(20)).await;
        client.add(0, 2).await
    });
    assert!(late.is_err());
    assert_eq!(next.unwrap(), 2);
    assert_eq!(in_time(client.add(0, 3)).await.unwrap(), 3);
    in_time(server).await.unwrap();
}

#[tokio::test]
async fn silence_ends_the_connection() {
    let (listener, config) = listening().await;
    let client = client_of(&config, 60).await;
    let (mut first, _) = listener.accept().await.unwrap();
    let error = client.echo("x").await.unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let mut bytes = Vec::new();
    in_time(first.read_to_end(&mut bytes)).await.unwrap();
    // The next call makes another one.
    let (error, accepted) = tokio::join!(client.echo("y"), listener.accept());
    assert_eq!(error.unwrap_err().other().kind(), ErrorKind::Timeout);
    assert!(accepted.is_ok());
}

#[tokio::test]
async fn connecting_takes_its_share() {
    let timeouts = ClientTimeouts::default().connect_ms(10_000).call_ms(50);
    let config = ClientConfig::new("").timeouts(timeouts);
    let first = std::sync::atomic::AtomicBool::new(true);
    let (here, there) = tokio::io::duplex(100);
    let stream = parking_lot::Mutex::new(Some(here));
    let connect = move || {
        let stream = stream.lock().take();
        let first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        async move {
            if !first {
                sleep(Duration::from_hours(1)).await;
            }
            let stream = stream.unwrap();
            Ok(seapink::transport::AsyncStream::new(
                stream,
                seapink::Peer::Local,
            ))
        }
    };
    let client = AsyncClient::<seapink::Standard>::with_connector(connect, &config)
        .await
        .unwrap();
    let client = CalculatorAsyncClient::new(client);
    drop(there);
    let _ = client.echo("the connection is gone").await;
    let begun = Instant::now();
    let error = client.echo("x").await.unwrap_err().other();
    ends_in_time(begun, 50);
    assert_eq!(error.message(), "not connected within 50 ms");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_first_connection_that_takes_too_long() {
    let timeouts = ClientTimeouts::default().connect_ms(50);
    let config = ClientConfig::new("").timeouts(timeouts);
    let connect = || async {
        sleep(Duration::from_hours(1)).await;
        unreachable!()
    };
    let begun = Instant::now();
    let error = AsyncClient::<seapink::Standard>::with_connector(connect, &config).await;
    ends_in_time(begun, 50);
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.message(), "not connected within 50 ms");
}

#[tokio::test]
async fn waiting_for_room() {
    let running = Running::start(Kind::Async, &local().reply_order(ReplyOrder::Any));
    let config = running.client_config().in_flight_max(2);
    let client = CalculatorAsyncClient::connect(&config).await.unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { wait(&client).await })
        })
        .collect();
    running.calc.until_waiting(2).await;
    let brief = client.with_timeout(Duration::from_millis(50));
    let begun = Instant::now();
    let error = brief.echo("x").await.unwrap_err().other();
    ends_in_time(begun, 50);
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(
        error.message(),
        "2 calls were in flight on the connection for 50 ms"
    );
    running.calc.release();
    for waiting in waiting {
        in_time(waiting).await.unwrap().unwrap();
    }
}

/// The call that runs out of time behind a slow one is alone in that.
#[tokio::test]
async fn a_call_that_runs_out_of_time_takes_nobody_with_it() {
    let (listener, config) = listening().await;
    let client = client_of(&config, 10_000).await;
    let brief = client.with_timeout(Duration::from_millis(60));
    let slow = tokio::spawn(async move { client.add(0, 1).await });
    let (mut first, _) = listener.accept().await.unwrap();
    let id = read_call(&mut first).await;
    let CalculatorAddError::Other(error) = brief.add(0, 2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.delivery(), Delivery::Sent);
    // The next call goes over another connection.
    let next = tokio::spawn(async move { brief.with_timeout(SLACK * 10).add(0, 3).await });
    let (mut second, _) = in_time(listener.accept()).await.unwrap();
    let next_id = read_call(&mut second).await;
    second.write_all(&reply(next_id, 3)).await.unwrap();
    assert_eq!(in_time(next).await.unwrap().unwrap(), 3);
    // What comes late is nobody's, and the slow call's reply is its own.
    let late = read_call(&mut first).await;
    first.write_all(&reply(late, 2)).await.unwrap();
    first.write_all(&reply(id, 1)).await.unwrap();
    assert_eq!(in_time(slow).await.unwrap().unwrap(), 1);
    let mut rest = Vec::new();
    in_time(first.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
}

/// Of a call that cannot be sent in time nothing is ever sent, so that it may be made again.
#[tokio::test]
async fn a_call_that_is_given_up_before_it_leaves_is_not_sent() {
    // There is room for less than the first call, and the others wait for that.
    let (here, mut stream) = tokio::io::duplex(1_000);
    let here = seapink::transport::AsyncStream::new(here, seapink::Peer::Local);
    let client = AsyncClient::<seapink::Standard>::over(here, &ClientConfig::new("")).unwrap();
    let client = CalculatorAsyncClient::new(client);
    let brief = client.with_timeout(Duration::from_secs(1));
    let big = client.clone();
    let big = tokio::spawn(async move { big.sum(&vec![1; 1_000]).await });
    let length = stream.read_u32().await.unwrap();
    let patient = tokio::spawn(async move {
        // Behind the one that is given up.
        sleep(Duration::from_millis(20)).await;
        client.add(0, 3).await
    });
    let error = brief.add(0, 2).await;
    let CalculatorAddError::Other(error) = error.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert!(error.is_retryable());
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut frame).await.unwrap();
    let id = read_call(&mut stream).await;
    stream.write_all(&reply(id, 3)).await.unwrap();
    assert_eq!(in_time(patient).await.unwrap().unwrap(), 3);
    drop(stream);
    in_time(big).await.unwrap().unwrap_err();
}

/// Calls that were dropped and never answered do not take the room of others for ever.
#[tokio::test]
async fn lost_calls_do_not_clog_a_connection() {
    let (listener, config) = listening().await;
    let client = client_of(&config.in_flight_max(2), 10_000).await;
    let brief = client.with_timeout(Duration::from_millis(400));
    for number in 0..2 {
        let lost = tokio::time::timeout(Duration::from_millis(20), brief.add(0, number));
        assert!(lost.await.is_err());
    }
    let found = tokio::spawn(async move { client.add(0, 3).await });
    let (_first, _) = listener.accept().await.unwrap();
    let (mut second, _) = in_time(listener.accept()).await.unwrap();
    let id = read_call(&mut second).await;
    second.write_all(&reply(id, 3)).await.unwrap();
    assert_eq!(in_time(found).await.unwrap().unwrap(), 3);
}
