//! TLS, as a [layer](crate::transport::layer) by `rustls` and `ring`.
//!
//! A stream that ends without `close_notify` fails with
//! [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof): somebody may have cut it. Servers take that
//! for an ordinary end between two messages, since every message says itself how long it is, and
//! many clients just close.

mod ends;
mod fault;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use ends::{TlsClientSide, TlsServerSide};
pub use ends::{TlsConnector, TlsListener};
pub(super) use fault::is_foreign;
