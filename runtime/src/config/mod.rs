//! Configuration, from TOML or by builder.
//!
//! A wrong or unknown key, type or value is an error that names the file, the line, the key, and
//! what would be valid. What can only be known later (whether the transport exists, whether the
//! address is free) is still blamed on the key that said so.

mod client;
mod document;
mod origin;
mod server;
mod suggest;

pub use client::{ClientConfig, ClientTimeouts, ReplyOrder};
pub use server::{Dispatch, Model, ServerConfig, ServerTimeouts};

use crate::error::Result;
use crate::limits::Limits;
use document::Section;

/// An address, for whoever has left it out.
const EXAMPLE: &str = "tcp://127.0.0.1:9090";

/// The longest time-out that can be configured: a day. There is no way to wait for ever.
const TIMEOUT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// What a length on the wire can say.
const WIRE_MAX: usize = i32::MAX as usize;

/// Deeper values could overflow the stack of a thread.
const DEPTH_MAX: u32 = 256;

/// Reads `[server.limits]` or `[client.limits]`.
fn limits(mut section: Section<'_>) -> Result<Limits> {
    // Named one by one, so that a new limit cannot be forgotten here.
    let Limits {
        mut message_bytes_max,
        mut frame_bytes_max,
        mut string_bytes_max,
        mut container_elements_max,
        mut depth_max,
    } = Limits::default();
    section.number("message_bytes_max", 1..=WIRE_MAX, &mut message_bytes_max)?;
    section.number("frame_bytes_max", 1..=WIRE_MAX, &mut frame_bytes_max)?;
    section.number("string_bytes_max", 1..=WIRE_MAX, &mut string_bytes_max)?;
    section.number(
        "container_elements_max",
        1..=WIRE_MAX,
        &mut container_elements_max,
    )?;
    section.number("depth_max", 1..=DEPTH_MAX, &mut depth_max)?;
    section.finish()?;
    Ok(Limits {
        message_bytes_max,
        frame_bytes_max,
        string_bytes_max,
        container_elements_max,
        depth_max,
    })
}
