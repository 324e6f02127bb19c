//! What the system is told of TCP connections.

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::{Address, TcpOptions};

/// The system counts in seconds.
const MS_MIN: u64 = 1000;
const PROBES_MAX: u32 = 127;
const BUFFER_MAX: usize = 1 << 30;

/// Reads `[server.tcp]` or `[client.tcp]`.
pub(super) fn read(mut section: Section<'_>) -> Result<TcpOptions> {
    let TcpOptions {
        mut keepalive_ms,
        mut keepalive_interval_ms,
        mut keepalive_probes,
        mut user_timeout_ms,
        mut receive_buffer_bytes,
        mut send_buffer_bytes,
    } = TcpOptions::default();
    let ms = || MS_MIN..=TIMEOUT_MS_MAX;
    section.number("keepalive_ms", ms(), &mut keepalive_ms)?;
    section.number("keepalive_interval_ms", ms(), &mut keepalive_interval_ms)?;
    section.number("keepalive_probes", 1..=PROBES_MAX, &mut keepalive_probes)?;
    section.number("user_timeout_ms", ms(), &mut user_timeout_ms)?;
    let bytes = || 1..=BUFFER_MAX;
    section.optional("receive_buffer_bytes", bytes(), &mut receive_buffer_bytes)?;
    section.optional("send_buffer_bytes", bytes(), &mut send_buffer_bytes)?;
    section.finish()?;
    Ok(TcpOptions {
        keepalive_ms,
        keepalive_interval_ms,
        keepalive_probes,
        user_timeout_ms,
        receive_buffer_bytes,
        send_buffer_bytes,
    })
}

/// Refuses what a program has set and a file could not.
pub(super) fn check(options: &TcpOptions, section: &str, origin: &Origin) -> Result<()> {
    let key = |key: &str| format!("{section}.{key}");
    for (name, ms) in [
        ("keepalive_ms", options.keepalive_ms),
        ("keepalive_interval_ms", options.keepalive_interval_ms),
        ("user_timeout_ms", options.user_timeout_ms),
    ] {
        origin.check_number(&key(name), MS_MIN, TIMEOUT_MS_MAX, ms)?;
    }
    let probes = options.keepalive_probes;
    origin.check_number(&key("keepalive_probes"), 1, PROBES_MAX, probes)?;
    for (name, bytes) in [
        ("receive_buffer_bytes", options.receive_buffer_bytes),
        ("send_buffer_bytes", options.send_buffer_bytes),
    ] {
        origin.check_number(&key(name), 1, BUFFER_MAX, bytes.unwrap_or(1))?;
    }
    Ok(())
}

/// Refuses them where there is no TCP.
pub(super) fn check_useful(
    options: &TcpOptions,
    section: &str,
    address: &Address,
    origin: &Origin,
) -> Result<()> {
    let what = match address {
        Address::Udp { .. } => "one of UDP".to_owned(),
        Address::Unix(_) | Address::Abstract(_) => "a Unix socket".to_owned(),
        _ => format!("`{address}`"),
    };
    let text = format!("this is for TCP, and the address is {what}; remove it");
    origin.check_useful(section, *options != TcpOptions::default(), text)
}
