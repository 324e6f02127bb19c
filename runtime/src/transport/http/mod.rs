//! Messages as the bodies of HTTP/1.1 requests and responses, as a [layer](crate::transport::layer)
//! below frames:
//!
//! ```text
//! length, message ── HTTP ── POST /, Content-Length, message
//! ```
//!
//! Each call is a POST, and each reply the body of its response, with status 200 whatever the reply
//! says. A oneway call is answered by an empty body, which stands as an empty frame above. There is
//! no specification of that but what Apache's libraries do (`THttpClient`, `THttpServer`).

mod body;
mod caller;
mod client;
mod fields;
mod frames;
mod head;
mod progress;
mod server;

#[cfg(feature = "websocket")]
pub(super) use caller::Caller;
pub(crate) use client::HttpClientSide;
#[cfg(feature = "websocket")]
pub(super) use client::refused;
pub(super) use frames::HttpFrames;
#[cfg(feature = "websocket")]
pub(super) use frames::{Outgoing, Piece, refuse_frame};
#[cfg(feature = "websocket")]
pub(super) use head::{Head, path_of};
#[cfg(feature = "websocket")]
pub(super) use progress::Progress;
pub(crate) use server::HttpServerSide;
#[cfg(feature = "websocket")]
pub(super) use server::{BAD, ELSEWHERE, NOT_NAMED, line_of, refuse, status_of};

/// A head has no more bytes and no more fields than so.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const FIELDS_MAX: usize = 128;

/// Nor has the line before a chunk, with extensions that nobody knows.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// What bodies are.
const CONTENT_TYPE: &str = "application/x-thrift";
