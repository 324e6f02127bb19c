//! Clients of an async server that stop reading what TLS keeps for them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use seapink::config::ServerTimeouts;
use seapink::server::{AsyncServer, AsyncServerHandle};
use seapink::transport::{Address, AsyncListener, AsyncStream};
use seapink::{AsyncClient, ClientConfig, ErrorKind, Peer, Standard};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::lab::{Lab, tcp};
use crate::support::{Failure, Probe, eventually};

/// A stream that is not read any more once it is told so.
struct Stops(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Stops {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.1.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stops {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
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

/// The server of a client that makes one call, and another of so many bytes whose reply it does not
/// read.
async fn unread(lab: &Lab, bytes: usize) -> AsyncServerHandle {
    let (here, there) = tokio::io::duplex(4096);
    let timeouts = ServerTimeouts::default().write_ms(200);
    let config = tcp().tls(lab.server_tls()).timeouts(timeouts);
    let listener = One(Some(AsyncStream::new(there, Peer::Local)));
    let server = AsyncServer::with_listener_blocking(listener, &config, Probe::default()).unwrap();
    let handle = server.handle();
    tokio::spawn(server.run());
    let stops = Arc::<AtomicBool>::default();
    let stream = AsyncStream::new(Stops(here, Arc::clone(&stops)), Peer::Local);
    let config = ClientConfig::default().tls(lab.client_tls().server_name("localhost"));
    let client = AsyncClient::<Standard>::over(stream, &config).unwrap();
    let call = client.call::<_, String, Failure>("echo", &[(1, "text")], ("read",));
    assert_eq!(call.await.unwrap(), "read");
    stops.store(true, Ordering::SeqCst);
    tokio::spawn(async move {
        let text = "x".repeat(bytes);
        let call = client.call::<_, String, Failure>("echo", &[(1, "text")], (&*text,));
        call.await.unwrap_err();
    });
    handle
}

/// It has taken all from the server, and part of it does not get away.
#[test]
fn what_tls_cannot_get_rid_of_is_no_answer_that_was_taken() {
    let lab = Lab::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for bytes in [30_000, 400_000] {
        let handle = runtime.block_on(unread(&lab, bytes));
        eventually("it is cut", || {
            handle.stats().connections_failed_by(ErrorKind::Timeout) == 1
        });
        eventually("and gone", || handle.stats().connections_open == 0);
    }
}
