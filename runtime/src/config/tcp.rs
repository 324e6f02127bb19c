//! What the system is told of TCP connections.

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;
use crate::transport::TcpOptions;

const PROBES_MAX: u32 = 127;
const BUFFER_MAX: usize = 1 << 30;

/// Reads `[server.tcp]` or `[client.tcp]`.
pub(super) fn tcp(mut section: Section<'_>) -> Result<TcpOptions> {
    let TcpOptions {
        mut keepalive_ms,
        mut keepalive_interval_ms,
        mut keepalive_probes,
        mut user_timeout_ms,
        mut receive_buffer_bytes,
        mut send_buffer_bytes,
    } = TcpOptions::default();
    let ms = || 1000..=TIMEOUT_MS_MAX;
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
    let refuse = |key: &str, low: u64, high: u64, found: u64| {
        let text = format!("must be a number from {low} to {high}, not {found}");
        Err(origin.error(&format!("{section}.{key}"), text))
    };
    for (key, ms) in [
        ("keepalive_ms", options.keepalive_ms),
        ("keepalive_interval_ms", options.keepalive_interval_ms),
        ("user_timeout_ms", options.user_timeout_ms),
    ] {
        if !(1000..=TIMEOUT_MS_MAX).contains(&ms) {
            return refuse(key, 1000, TIMEOUT_MS_MAX, ms);
        }
    }
    let probes = options.keepalive_probes;
    if !(1..=PROBES_MAX).contains(&probes) {
        return refuse("keepalive_probes", 1, PROBES_MAX.into(), probes.into());
    }
    for (key, bytes) in [
        ("receive_buffer_bytes", options.receive_buffer_bytes),
        ("send_buffer_bytes", options.send_buffer_bytes),
    ] {
        if let Some(bytes) = bytes
            && !(1..=BUFFER_MAX).contains(&bytes)
        {
            return refuse(key, 1, BUFFER_MAX as u64, bytes as u64);
        }
    }
    Ok(())
}
