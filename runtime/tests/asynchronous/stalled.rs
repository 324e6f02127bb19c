//! Peers that stop taking what they are sent, or take it late.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seapink::config::{ReplyOrder, ServerTimeouts};
use seapink::transport::{Address, AsyncListener, AsyncStream};
use seapink::{ApplicationCode, AsyncServer, Delivery, ErrorKind, Peer, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::deadlines::{listening, read_call, reply};
use crate::golden::asynchronous::{
    CalculatorAddError, CalculatorAsyncClient, CalculatorAsyncProcessor,
};
use crate::peers::{echo, read_id, repeat};
use crate::support::{Handler, Kind, Other, Running, all_orders, eventually, in_time, local};

/// More than two systems keep on the way.
const LARGE: usize = 12 << 20;

/// A stream that keeps what is written, and never gets rid of it.
struct Keeps(DuplexStream);

impl AsyncRead for Keeps {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Keeps {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Has one connection.
struct One(Option<AsyncStream>);

impl AsyncListener for One {
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<AsyncStream>> {
        match self.0.take() {
            Some(stream) => Poll::Ready(Ok(stream)),
            None => Poll::Pending,
        }
    }

    fn local_addr(&self) -> Address {
        Address::Memory
    }
}

#[tokio::test]
async fn a_stream_that_is_never_flushed_is_cut() {
    let (mut here, there) = tokio::io::duplex(1_000);
    let listener = One(Some(AsyncStream::new(Keeps(there), Peer::Local)));
    let config = local().timeouts(ServerTimeouts::default().write_ms(60));
    let processor = CalculatorAsyncProcessor::new(Handler::default());
    let server = AsyncServer::with_listener(listener, &config, processor).unwrap();
    let handle = server.handle();
    tokio::spawn(server.run());
    here.write_all(&echo(1, "x")).await.unwrap();
    eventually("it is cut", || {
        handle.stats().connections_failed_by(ErrorKind::Timeout) == 1
    })
    .await;
    eventually("and gone", || handle.stats().connections_open == 0).await;
}

/// The time in which the peer does not take answers is not that of the calls behind them.
async fn answers_are_taken_late(kind: Kind, order: ReplyOrder) {
    const CALLS: i32 = 20;

    let mut config = local().reply_order(order);
    config.timeouts.queue_ms = 500;
    config.tcp.send_buffer_bytes = Some(64 * 1024);
    let running = Running::start(kind, &config);
    let mut stream = running.stream().await;
    let calls: Vec<u8> = (0..CALLS).flat_map(|id| repeat(id, 300_000)).collect();
    stream.write_all(&calls).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let mut ids = Vec::new();
    for _ in 0..CALLS {
        ids.push(read_id(&mut stream).await);
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..CALLS).collect::<Vec<_>>(), "{kind:?} {order:?}");
    let refused = running.stats().exceptions_by(ApplicationCode::OVERLOADED);
    assert_eq!(refused, 0, "{kind:?} {order:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_do_not_pay_for_a_peer_that_is_slow_to_read() {
    let mut servers = JoinSet::new();
    for (kind, order) in all_orders() {
        servers.spawn(answers_are_taken_late(kind, order));
    }
    servers.join_all().await;
}

fn add(client: &CalculatorAsyncClient) -> JoinHandle<Result<i32, CalculatorAddError>> {
    let client = client.clone();
    tokio::spawn(async move { client.add(0, 1).await })
}

/// A client whose connection has answered one call after a large one had begun, of which no more is
/// taken.
struct Stalled {
    listener: TcpListener,
    client: CalculatorAsyncClient,
    _first: TcpStream,
}

impl Stalled {
    /// Begins the large call with a function.
    async fn by<T>(
        begin: impl FnOnce(CalculatorAsyncClient) -> JoinHandle<T>,
    ) -> (Self, JoinHandle<T>) {
        let (listener, config) = listening().await;
        let client = CalculatorAsyncClient::connect(&config).await.unwrap();
        let (mut first, _) = listener.accept().await.unwrap();
        let added = add(&client);
        let id = read_call(&mut first).await;
        let client = client.with_timeout(Duration::from_millis(300));
        let large = begin(client.clone());
        first.read_u32().await.unwrap();
        first.write_all(&reply(id, 1)).await.unwrap();
        assert_eq!(in_time(added).await.unwrap().unwrap(), 1);
        let stalled = Self {
            listener,
            client,
            _first: first,
        };
        (stalled, large)
    }

    /// A call finds no room, and the next one is answered over another connection.
    async fn gives_way(self) {
        let CalculatorAddError::Other(error) = in_time(self.client.add(0, 1)).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
        let added = add(&self.client);
        let (mut second, _) = in_time(self.listener.accept()).await.unwrap();
        let id = read_call(&mut second).await;
        second.write_all(&reply(id, 1)).await.unwrap();
        assert_eq!(in_time(added).await.unwrap().unwrap(), 1);
    }
}

#[tokio::test]
async fn a_large_call_that_expires_does_not_fill_a_connection_for_ever() {
    let call = |client: CalculatorAsyncClient| {
        tokio::spawn(async move { client.echo(&"x".repeat(LARGE)).await })
    };
    let (stalled, large) = Stalled::by(call).await;
    let error = in_time(large).await.unwrap().unwrap_err().other();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.delivery(), Delivery::Sent, "{error}");
    stalled.gives_way().await;
}

#[tokio::test]
async fn a_large_oneway_call_that_is_dropped_does_not_fill_a_connection_for_ever() {
    let call = |client: CalculatorAsyncClient| {
        tokio::spawn(async move { client.note(&"x".repeat(LARGE)).await })
    };
    let (stalled, large) = Stalled::by(call).await;
    large.abort();
    assert!(in_time(large).await.unwrap_err().is_cancelled());
    stalled.gives_way().await;
}
