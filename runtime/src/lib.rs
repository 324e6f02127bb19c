//! Seapink: a Thrift RPC runtime of layers that a configuration chooses.
//!
//! ```text
//! bytes ── stream ──► transport ──► whole message ──► protocol ──► processor ──► handler
//!          tcp unix     framed        (&[u8])          static       dyn, once     your trait
//!          memory       buffered                       per message  per message
//! ```

// Emitted code names the crate as those do who use it.
extern crate self as seapink;

pub mod client;
pub mod codec;
#[doc(hidden)]
pub mod codegen;
pub mod config;
mod deadline;
mod envelope;
mod error;
mod fast;
mod inspect;
pub mod interceptor;
pub mod introspection;
mod limits;
mod peer;
pub mod processor;
pub mod protocol;
pub mod server;
mod trace;
pub mod transport;
mod wire;

#[cfg(feature = "tokio")]
pub use client::AsyncClient;
pub use client::{Channel, Client};
pub use codec::{
    DebugText, Double, Linked, ListView, MapView, Mask, NumbersView, SetView, UnknownField,
    UnknownFields, debug_text, decode_from, encode_linked, encode_to, encode_to_with, from_slice,
    from_slice_with, project, project_into, to_simple_json, to_simple_json_pretty, to_vec,
    to_vec_with,
};
pub use config::{ClientConfig, ServerConfig};
pub use deadline::Deadline;
pub use envelope::{Envelope, Headers};
pub use error::{ApplicationCode, Delivery, Error, ErrorKind, Result};
pub use inspect::{Inspection, inspect, inspect_struct};
pub use limits::Limits;
pub use peer::User;
#[cfg(feature = "tls")]
pub use peer::{TlsPeer, TlsVersion};
#[cfg(feature = "tokio")]
pub use processor::{AsyncMultiplexed, AsyncProcessor, AsyncService};
pub use processor::{CallContext, Multiplexed, Peer, Processor, WithProtocols};
pub use protocol::{
    Binary, Compact, Json, Protocol, ProtocolSet, ProtocolVisitor, Standard, TextLimits,
    WireProtocol,
};
/// The crate of the feature `tls`, for programs that make their own configurations of it.
#[cfg(feature = "tls")]
pub use rustls;
#[cfg(feature = "tokio")]
pub use server::{AsyncServer, AsyncServerHandle};
pub use server::{Server, ServerHandle};
pub use trace::TraceContext;
pub use uuid::Uuid;
pub use wire::{MessageKind, WireType};
