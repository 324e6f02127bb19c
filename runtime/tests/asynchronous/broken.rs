//! Connections that cannot be written any more, over which the server has said why.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use seapink::transport::AsyncStream;
use seapink::{AsyncClient, ClientConfig, Delivery, Peer, Standard};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Builder;
use tokio::time::{Sleep, sleep};

use crate::golden::asynchronous::CalculatorAsyncClient;
use crate::support::{Other, in_time};

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// Takes a few bytes, has no room for a while, and then breaks. As with a socket, the runtime hears only later
/// that there is something to read.
struct Breaking {
    said: &'static [u8],
    /// How many writes do not fail.
    writes: u32,
    heard: Option<Pin<Box<Sleep>>>,
}

impl Breaking {
    fn fail<T>(&mut self) -> Poll<io::Result<T>> {
        if self.heard.is_none() && !self.said.is_empty() {
            self.heard = Some(Box::pin(sleep(Duration::from_millis(1))));
        }
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }
}

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(heard) = &mut self.heard else {
            return Poll::Pending;
        };
        if !heard.is_elapsed() {
            ready!(heard.as_mut().poll(cx));
        }
        buffer.put_slice(self.said);
        self.said = b"";
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.writes {
            0 => return self.fail(),
            1 => cx.waker().wake_by_ref(),
            _ => {}
        }
        self.writes -= 1;
        match self.writes {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok(bytes.len().min(10))),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a call is told over such a connection, in either kind of runtime.
fn told(transport: &str, said: &'static [u8], writes: u32) -> Vec<String> {
    let single = Builder::new_current_thread().enable_all().build().unwrap();
    let several = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let call = || async {
        let stream = Breaking {
            said,
            writes,
            heard: None,
        };
        let stream = AsyncStream::new(stream, Peer::Local);
        let config = ClientConfig::new("").transport(transport);
        let client = AsyncClient::<Standard>::over(stream, &config).unwrap();
        let client = CalculatorAsyncClient::new(client);
        let text = "x".repeat(100_000);
        let error = in_time(client.echo(&text)).await.unwrap_err().other();
        assert_eq!(error.delivery(), Delivery::Sent);
        error.to_string()
    };
    vec![single.block_on(call()), several.block_on(call())]
}

#[test]
fn what_the_server_said_is_read() {
    for writes in [0, 1, 2, 3] {
        for text in told("framed", NOT_FOUND, writes) {
            let why = "the server speaks HTTP, and this client `framed`";
            assert!(text.starts_with(why), "{writes}: {text}");
        }
    }
}

/// A layer has taken the whole call by then, which leaves when it is flushed.
#[cfg(feature = "http")]
#[test]
fn what_it_said_is_read_over_layers() {
    for writes in [0, 1, 2, 3] {
        for text in told("http", NOT_FOUND, writes) {
            let why = "the server answered with HTTP status 404 Not Found for `/`";
            assert!(text.starts_with(why), "{writes}: {text}");
        }
    }
}

/// Nothing comes, not even an end.
#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    for text in told("framed", b"", 1) {
        assert_eq!(text, "connection ended: the peer has closed it");
    }
}
