//! Transports: how a stream of bytes is cut into messages.
//!
//! ```text
//! Stream (tcp, unix, shm, …) ── bytes ──► Decoder ── whole messages ──► protocol
//!                            ◄── bytes ── Encoder ◄── whole messages ──
//! ```
//!
//! A [`Stream`] does I/O and knows no messages; a [`Transport`] knows messages and does no I/O, so
//! the same framing serves threads, event loops and tests. `transport` never learns what a message
//! says.
//!
//! Why can't a transport be one object that reads and writes? Because a connection may carry
//! several calls at the same time: whoever waits for replies holds the [`Decoder`] while others
//! send through the [`Encoder`]. What the halves must share (a header that the answer repeats) they
//! share between themselves.

mod activation;
mod address;
#[cfg(feature = "tokio")]
mod asynchronous;
mod buffered;
#[cfg(all(unix, feature = "stdio"))]
mod child;
mod connect;
mod datagram;
mod detect;
mod event;
mod field;
pub mod file;
mod framed;
mod header;
#[cfg(feature = "http")]
mod http;
mod inbox;
mod layer;
mod memory;
mod nested;
mod registry;
mod resolve;
pub mod sasl;
#[cfg(all(target_os = "linux", feature = "shm"))]
mod shm;
mod socket;
mod stack;
mod stream;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod unix;
mod waiting;
#[cfg(feature = "websocket")]
mod websocket;
#[cfg(feature = "zlib")]
mod zlib;

pub use address::Address;
#[cfg(feature = "tokio")]
pub use asynchronous::{AsyncListener, AsyncStream};
pub use buffered::Buffered;
pub use connect::Connector;
pub use detect::Framing;
pub use event::ConnectionEvent;
pub use framed::Framed;
pub use header::Header;
pub use memory::{MemoryConnector, MemoryListener, MemoryStream};
pub use registry::Transports;
pub use socket::{SocketListener, SocketStream};
pub use stream::{Closer, Listener, ReadHalf, Readiness, Signal, Split, Stream, Waker, WriteHalf};
pub use tcp::TcpOptions;
#[cfg(feature = "tls")]
pub use tls::{TlsConnector, TlsListener};

pub(crate) use address::{RING_BYTES, RING_BYTES_MAX, RING_BYTES_MIN, Source, bind};
#[cfg(feature = "tokio")]
pub(crate) use asynchronous::bind_async;
#[cfg(all(unix, feature = "stdio"))]
pub(crate) use child::{Deaths, Reapers, spawn};
pub(crate) use connect::{AddressConnector, OneStream};
#[cfg(feature = "tokio")]
pub(crate) use datagram::connect_async;
pub(crate) use datagram::{Answers, DATAGRAM_BYTES_MAX, DatagramFrames, DatagramSocket};
pub(crate) use detect::{
    BYTES as FIRST_BYTES, Look, Spoken, check, explain, explain_printed, explain_reply, is_foreign,
    look,
};
pub(crate) use event::Listeners;
pub(crate) use field::{is_meaningful, is_token};
#[cfg(feature = "http")]
pub(crate) use http::{HttpClientSide, HttpServerSide};
pub(crate) use inbox::{Inbox, shrink_out};
#[cfg(feature = "tokio")]
pub(crate) use layer::{AsyncLayerListener, handshake};
pub(crate) use layer::{ClientSide, LayerConnector, LayerListener, ServerSide};
#[cfg(feature = "tokio")]
pub(crate) use resolve::found;
pub(crate) use sasl::{SaslClientSide, SaslServerSide};
#[cfg(all(target_os = "linux", feature = "shm", feature = "tokio"))]
pub(crate) use shm::connect_async as connect_shm;
#[cfg(feature = "tokio")]
pub(crate) use socket::refused;
pub(crate) use stack::{AUTO, LayerKind, Messages, Stack};
pub(crate) use stream::{is_timeout, whole};
#[cfg(feature = "tokio")]
pub(crate) use tcp::share;
#[cfg(feature = "tls")]
pub(crate) use tls::{TlsClientSide, TlsServerSide};
#[cfg(feature = "websocket")]
pub(crate) use websocket::{WebSocketClientSide, WebSocketRules, WebSocketServerSide};
#[cfg(feature = "zlib")]
pub(crate) use zlib::ZlibSide;

use std::sync::Arc;

use crate::envelope::{Envelope, Headers};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::protocol::WireProtocol;

/// A way of cutting a stream into messages, as a configuration names it.
///
/// Users add their own with [`Transports::with`].
pub trait Transport: Send + Sync {
    /// The two halves for one new connection.
    fn open(&self, setup: &Setup<'_>) -> (Box<dyn Decoder>, Box<dyn Encoder>);

    /// Whether only one call at a time may be in flight, since each has to be answered before the next,
    /// also if it is oneway: then by an empty message.
    fn is_exclusive(&self) -> bool {
        false
    }

    /// What it puts around a message, if that is one of the ways that a server with
    /// `transport = "auto"` tells apart.
    fn framing(&self) -> Option<Framing> {
        None
    }

    /// Whether each message says which protocol it is in, so that a server with `protocol = "auto"`
    /// need not find it out.
    fn names_protocol(&self) -> bool {
        false
    }
}

/// What a transport may need to know of the connection it is for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Setup<'a> {
    /// Bounds on what the peer may send.
    pub limits: &'a Limits,
    /// The protocol inside, for transports that find the end of a message by looking at it.
    pub protocol: &'a dyn WireProtocol,
}

impl<'a> Setup<'a> {
    /// For a connection with these limits and this protocol.
    pub fn new(limits: &'a Limits, protocol: &'a dyn WireProtocol) -> Self {
        Self { limits, protocol }
    }
}

/// Finds messages in the bytes of one connection. Does no I/O.
pub trait Decoder: Send {
    /// Looks at the bytes that have arrived and are not consumed yet.
    ///
    /// The buffer starts where the last message ended, and only grows until the next one is found.
    ///
    /// # Errors
    /// When no continuation of these bytes can be a message, or one of the limits is passed. The
    /// connection cannot be used any more: nobody knows where its next message starts.
    fn decode<'a>(&'a mut self, buffer: &'a [u8]) -> Result<Decoded<'a>>;

    /// Gives back the memory that only messages took which are handled by now. Called before the connection
    /// waits for more.
    fn shrink(&mut self) {}
}

/// What a [`Decoder`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decoded<'a> {
    /// No whole message yet. At least this many bytes are missing, 1 when that is not known. Only a
    /// hint: no memory is set aside for bytes that have not arrived.
    NeedMore(usize),
    /// A whole message.
    Message {
        /// The message, in the buffer or in memory of the decoder.
        message: &'a [u8],
        /// How many bytes of the buffer it took, at least 1.
        consumed: usize,
    },
    /// The same, and what stood around it. Its answer is put into the same.
    Enveloped {
        /// The message.
        message: &'a [u8],
        /// How many bytes of the buffer it took, at least 1.
        consumed: usize,
        /// What stood around it.
        envelope: Arc<Envelope>,
    },
}

impl Decoded<'_> {
    /// What stood around a message, if something did.
    pub(crate) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Enveloped { envelope, .. } => Some(envelope),
            _ => None,
        }
    }
}

/// Wraps messages for one connection. Does no I/O.
///
/// A message is appended to the buffer between [`begin`](Self::begin) and [`end`](Self::end).
/// A caller that has nothing to send after all truncates the buffer to what `begin` returned, so
/// `begin` must not do what cannot be undone that way. One that has appended a message and gives it
/// up before any of it has left cuts it out, so no message may depend on those before it.
pub trait Encoder: Send {
    /// Appends what stands before a message, and returns how long the buffer was before.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize;

    /// Completes the message that stands in the buffer since `begin` returned `start`.
    ///
    /// # Errors
    /// When the message is larger than this transport can say or may send. The buffer is then
    /// truncated to `start`.
    fn end(&mut self, out: &mut Vec<u8>, start: usize) -> Result<()>;

    /// As [`end`](Self::end), for the answer to a message that had an envelope.
    ///
    /// # Errors
    /// The same.
    fn end_answer(&mut self, out: &mut Vec<u8>, start: usize, request: &Envelope) -> Result<()> {
        let _ = request;
        self.end(out, start)
    }

    /// Whether [`end_call`](Self::end_call) does something with headers.
    fn carries_headers(&self) -> bool {
        false
    }

    /// As [`end`](Self::end), for a call with headers.
    ///
    /// # Errors
    /// The same.
    fn end_call(&mut self, out: &mut Vec<u8>, start: usize, headers: &Headers) -> Result<()> {
        let _ = headers;
        self.end(out, start)
    }

    /// Appends what a server sends instead of a message where a call has no answer. Nothing, mostly.
    fn no_answer(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// Appends what a server says where something is no message, before it closes the connection. Nothing,
    /// mostly. `why` says which message it should have been, and what is wrong with it.
    fn refuse(&mut self, out: &mut Vec<u8>, why: &Error) {
        let _ = (out, why);
    }

    /// Appends what [`no_answer`](Self::no_answer) does when a oneway call has arrived, before it is run,
    /// since its client may wait for it. What follows the call is then nothing. Whether anything was appended, which it is at most
    /// once for a call.
    fn acknowledge(&mut self, out: &mut Vec<u8>) -> bool {
        let _ = out;
        false
    }
}

/// Appends what stands around a message and the message, and returns how many bytes that is. The
/// buffer is as before if it cannot be appended.
pub(crate) fn append(
    encoder: &mut dyn Encoder,
    out: &mut Vec<u8>,
    headers: &Headers,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<usize> {
    let before = out.len();
    let start = encoder.begin(out);
    let appended = encode(out).and_then(|()| encoder.end_call(out, start, headers));
    if let Err(error) = appended {
        out.truncate(before);
        if before == 0 {
            shrink_out(out);
        }
        return Err(error);
    }
    Ok(out.len() - before)
}
