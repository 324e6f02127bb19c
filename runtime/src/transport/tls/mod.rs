//! TLS, around any stream, by `rustls` and `ring`.
//!
//! ```text
//! server, client ── plaintext ── TlsStream ── ciphertext ── Stream (tcp, unix, memory, …)
//!                                 Session: rustls, no I/O
//! ```
//!
//! A [`TlsListener`] only wraps what it accepts: the handshake is made by the reads and writes of
//! whoever serves the connection, so that no peer holds up the loop that accepts. A
//! [`TlsConnector`] makes the handshake before it hands out the stream, within the time that
//! connecting may take.
//!
//! Ciphertext is read into the caller's buffer and decrypted into the front of it, so that a read of
//! the stream below is as large as the caller's and needs no memory of its own.
//!
//! A stream that ends without `close_notify` fails with
//! [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof): somebody may have cut it. Servers take that
//! for an ordinary end between two messages, since every message says itself how long it is, and
//! many clients just close.

#[cfg(feature = "tokio")]
mod asynchronous;
mod connector;
mod fault;
mod halves;
mod incoming;
mod listener;
mod session;
mod stream;
#[cfg(test)]
mod tests;

#[cfg(feature = "tokio")]
pub(in crate::transport) use asynchronous::AsyncTls;
#[cfg(feature = "tokio")]
pub(crate) use asynchronous::AsyncTlsListener;
pub(crate) use connector::ClientSide;
pub use connector::TlsConnector;
pub(crate) use fault::is_foreign;
pub use listener::TlsListener;

use std::time::Duration;

/// How long a goodbye may wait for room. Whoever closes a connection waits for nobody.
const GOODBYE: Duration = Duration::from_millis(1);
