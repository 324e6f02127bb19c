//! The same as a stream of tokio.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UdpSocket;

use super::frames::{self, Arrived, HEAD};
use super::{connected, explain};
use crate::peer::Peer;
use crate::transport::AsyncStream;

/// A socket of the runtime that it is called in.
pub(crate) fn connect_async(to: SocketAddr) -> io::Result<AsyncStream> {
    let socket = connected(to)?;
    socket.set_nonblocking(true)?;
    let datagrams = Datagrams {
        socket: UdpSocket::from_std(socket)?,
        to,
        arrived: Arrived::default(),
    };
    Ok(AsyncStream::new(datagrams, Peer::Udp(to)))
}

/// As [`DatagramStream`](super::stream::DatagramStream).
struct Datagrams {
    socket: UdpSocket,
    to: SocketAddr,
    arrived: Arrived,
}

impl Datagrams {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = ReadBuf::new(self.arrived.room());
        let received = ready!(self.socket.poll_recv(cx, &mut room));
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
