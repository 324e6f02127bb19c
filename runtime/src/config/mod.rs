//! Configuration, from TOML or by builder.
//!
//! A wrong or unknown key, type or value is an error that names the file, the line, the key, and
//! what would be valid. What can only be known later (whether the transport exists, whether the
//! address is free) is still blamed on the key that said so.

mod address;
mod advice;
mod client;
mod document;
mod exec;
mod file;
mod http;
mod limits;
mod naming;
mod origin;
mod pool;
mod request;
mod retry;
mod sasl;
mod server;
mod shm;
mod stack;
mod suggest;
mod syntax;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod udp;
mod websocket;

pub use client::{ClientConfig, ClientTimeouts, ReplyOrder};
pub use exec::ClientExec;
pub use http::{ClientHttp, ServerHttp};
pub use pool::PoolConfig;
pub use retry::{ReconnectConfig, RetryConfig};
pub use sasl::{ClientSasl, ServerSasl};
pub use server::{Dispatch, Model, ServerConfig, ServerTimeouts};
pub use shm::ServerShm;
#[cfg(feature = "tls")]
pub use tls::{ClientCertificates, ClientTls, ServerTls};
pub use udp::{ClientUdp, ServerUdp};
pub use websocket::{ClientWebSocket, ServerWebSocket};

#[cfg(not(feature = "tls"))]
use crate::error::Result;
#[cfg(not(feature = "tls"))]
use document::Section;

/// An address, for whoever has left it out.
const EXAMPLE: &str = "tcp://127.0.0.1:9090";

/// The longest time-out that can be configured: a day. There is no way to wait for ever.
const TIMEOUT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// The most calls at the same time on one connection of a client.
const IN_FLIGHT_MAX: usize = 1024;

/// What a length on the wire can say.
const WIRE_MAX: usize = i32::MAX as usize;

/// Refuses a section that only a build with TLS understands.
#[cfg(not(feature = "tls"))]
fn without_tls(section: &mut Section<'_>, path: &'static str) -> Result<()> {
    if section.section(path)?.is_present() {
        let text = "TLS needs the feature `tls` of the crate `seapink`; write `features = [\"tls\"]` in Cargo.toml";
        return Err(section.error("tls", text));
    }
    Ok(())
}
