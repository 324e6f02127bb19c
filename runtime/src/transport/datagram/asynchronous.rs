//! The same as a stream of tokio.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::UdpSocket;

use super::frames::{self, Arrived, HEAD};
use super::{connected, explain};
use crate::peer::Peer;
use crate::transport::AsyncStream;

/// A socket of the runtime that it is called in.
pub(crate) fn connect_async(to: SocketAddr) -> io::Result<AsyncStream> {
    let socket = connected(to)?;
    socket.set_nonblocking(true)?;
    let socket = Arc::new(UdpSocket::from_std(socket)?);
    let datagrams = Datagrams {
        failing: failing(&socket),
        socket,
        to,
        arrived: Arrived::default(),
    };
    Ok(AsyncStream::new(datagrams, Peer::Udp(to)))
}

/// Until the system has learnt, by ICMP, that something which was sent has not arrived. Nobody is told of
/// that who only waits for something to read.
type Failing = Pin<Box<dyn Future<Output = io::Result<Ready>> + Send>>;

fn failing(socket: &Arc<UdpSocket>) -> Failing {
    let socket = Arc::clone(socket);
    Box::pin(async move { socket.ready(Interest::ERROR).await })
}

/// As [`DatagramStream`](super::stream::DatagramStream).
struct Datagrams {
    socket: Arc<UdpSocket>,
    failing: Failing,
    to: SocketAddr,
    arrived: Arrived,
}

impl Datagrams {
    /// What the system has learnt of what was sent.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            if ready!(self.failing.as_mut().poll(cx)).is_err() {
                return Poll::Pending;
            }
            self.failing = failing(&self.socket);
            // It is forgotten that there was an error, so that the next one is told.
            let _ = self
                .socket
                .try_io::<()>(Interest::ERROR, || Err(io::ErrorKind::WouldBlock.into()));
            if let Ok(Some(error)) = self.socket.take_error() {
                return Poll::Ready(explain(error, self.to));
            }
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = ReadBuf::new(self.arrived.room());
        let received = match self.socket.poll_recv(cx, &mut room) {
            Poll::Ready(received) => received,
            Poll::Pending => return self.poll_error(cx).map(Err),
        };
        let len = room.filled().len();
        received.map_err(|error| explain(error, self.to))?;
        self.arrived.put(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Datagrams {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.arrived.is_read() {
            ready!(self.poll_receive(cx))?;
        }
        let len = self.arrived.read(buffer.initialize_unfilled());
        buffer.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Datagrams {
    /// Sends the first of the frames.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let message = frames::first(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let sent = ready!(self.socket.poll_send(cx, message));
        sent.map_err(|error| explain(error, self.to))?;
        Poll::Ready(Ok(HEAD + message.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
