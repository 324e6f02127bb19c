//! SASL before the first message: who calls, by a mechanism that both ends know. A layer which
//! only passes bytes on once that is settled, mostly below frames. `HiveServer2`, Hive's metastore and
//! Impala speak it (Apache's `TSaslClientTransport`).
//!
//! ```text
//! client                                                        server
//! 01  00 00 00 05  "PLAIN"              START, the mechanism ──►
//! 05  00 00 00 0d  "\0alice\0secret"    COMPLETE, or 02 OK   ──►
//!                                                            ◄── 05  00 00 00 00   COMPLETE
//! ```
//!
//! Mechanisms of several steps go on with OK and a length each way, until the server says COMPLETE.
//! BAD (03) refuses, ERROR (04) complains of what makes no sense; both bring a text, and end it.
//!
//! A mechanism says who is there, and protects nothing that follows: there is no other quality of
//! protection than `auth`. `PLAIN` sends the password itself, so it belongs into TLS.

mod client;
mod frame;
mod mechanism;
mod plain;
mod server;

pub(crate) use client::{MakeClient, SaslClientSide};
pub use mechanism::{ClientMechanism, ClientStep, ServerMechanism, ServerStep};
pub use plain::PlainLogin;
pub(crate) use plain::{Check, PLAIN, PlainClient, PlainServer};
pub(crate) use server::{Offer, SaslServerSide};

/// Messages of one peer before both agree.
const MESSAGES_MAX: usize = 16;
