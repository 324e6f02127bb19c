//! Configuration, from TOML or by builder.
//!
//! A wrong or unknown key, type or value is an error that names the file, the line, the key, and
//! what would be valid. What can only be known later (whether the transport exists, whether the
//! address is free) is still blamed on the key that said so.

mod client;
mod document;
mod origin;
mod pool;
mod retry;
mod server;
mod suggest;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

pub use client::{ClientConfig, ClientTimeouts, ReplyOrder};
pub use pool::PoolConfig;
pub use retry::{ReconnectConfig, RetryConfig};
pub use server::{Dispatch, Model, ServerConfig, ServerTimeouts};
#[cfg(feature = "tls")]
pub use tls::{ClientCertificates, ClientTls, ServerTls};

use crate::error::Result;
use crate::limits::Limits;
use document::Section;
use origin::Origin;

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
    section.number("depth_max", 1..=Limits::DEPTH_MAX, &mut depth_max)?;
    section.finish()?;
    Ok(Limits {
        message_bytes_max,
        frame_bytes_max,
        string_bytes_max,
        container_elements_max,
        depth_max,
    })
}

/// Refuses limits that a program has set and a file could not. Sizes have no upper bound here: a
/// program may well say that there is none.
fn check_limits(limits: &Limits, transport: &str, section: &str, origin: &Origin) -> Result<()> {
    let sizes = [
        ("message_bytes_max", limits.message_bytes_max),
        ("frame_bytes_max", limits.frame_bytes_max),
        ("string_bytes_max", limits.string_bytes_max),
        ("container_elements_max", limits.container_elements_max),
    ];
    if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
        let text = format!("must be a number from 1 to {WIRE_MAX}, not 0");
        return Err(origin.error(&format!("{section}.{key}"), text));
    }
    let (depth, max) = (limits.depth_max, Limits::DEPTH_MAX);
    if !(1..=max).contains(&depth) {
        let text = format!("must be a number from 1 to {max}, not {depth}");
        return Err(origin.error(&format!("{section}.depth_max"), text));
    }
    check_containers(limits, transport, section, origin)
}

/// Refuses a bound that a configuration raises above the one that it is inside of.
fn check_containers(
    limits: &Limits,
    transport: &str,
    section: &str,
    origin: &Origin,
) -> Result<()> {
    let given = |key: &str| origin.has(&format!("{section}.{key}"));
    let message = limits.message_bytes_max;
    for (key, value, what) in [
        (
            "string_bytes_max",
            limits.string_bytes_max,
            "strings are inside messages",
        ),
        (
            "container_elements_max",
            limits.container_elements_max,
            "every element takes a byte of one",
        ),
    ] {
        if given(key) && value > message {
            let text = format!("{value} is more than message_bytes_max = {message}, and {what}");
            return Err(origin.error(&format!("{section}.{key}"), text));
        }
    }
    let frame = limits.frame_bytes_max;
    let raised = given("message_bytes_max") && message > Limits::default().message_bytes_max;
    if transport == "framed" && raised && !given("frame_bytes_max") && message > frame {
        let text = format!(
            "{message} is more than frame_bytes_max = {frame}, and a message has to fit its frame; \
             set both"
        );
        return Err(origin.error(&format!("{section}.message_bytes_max"), text));
    }
    Ok(())
}
