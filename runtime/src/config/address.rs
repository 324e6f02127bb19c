//! The addresses that a configuration names.

use crate::config::origin::Origin;
use crate::config::stack::has;
use crate::error::{Error, Result};
use crate::transport::Address;

const OF_SERVERS: &str = "write `tcp://host:port`, `udp://host:port`, `unix:///path`, `abstract://name`, \
                          `systemd://`, `shm:///path` or `stdio://`";
const OF_CLIENTS: &str = "write `tcp://host:port`, `udp://host:port`, `unix:///path`, `abstract://name`, \
                          `shm:///path` or `exec:///path/to/program`";

/// The address that the key names.
///
/// # Errors
/// One sentence that names the key; `transport` is the one that goes with it.
pub(super) fn parse(text: &str, key: &str, transport: &str, origin: &Origin) -> Result<Address> {
    if let Some(error) = url(text, key, origin).or_else(|| path(text, key, transport, origin)) {
        return Err(error);
    }
    let forms = match key {
        "server.listen" => OF_SERVERS,
        _ => OF_CLIENTS,
    };
    Address::parse(text, forms).map_err(|error| origin.blame(key, error))
}

/// A URL of the web says at once what several keys say here.
fn url(text: &str, key: &str, origin: &Origin) -> Option<Error> {
    let (scheme, rest) = text.split_once("://")?;
    let (transport, secure) = match scheme {
        "http" => ("http", false),
        "https" => ("http", true),
        "ws" => ("websocket", false),
        "wss" => ("websocket", true),
        _ => return None,
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if host.is_empty() {
        return None;
    }
    let (side, place) = key.split_once('.')?;
    let port = match host.rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => "",
        _ if secure => ":443",
        _ => ":80",
    };
    let mut words = format!(
        "`{text}` is a URL; write `{place} = \"tcp://{host}{port}\"` with `transport = \"{transport}\"`"
    );
    // What no path of that side may have.
    let cut: &[char] = if side == "server" {
        &['?', '#']
    } else {
        &['#']
    };
    let path = path.split(cut).next().unwrap_or_default();
    if path.len() > 1 {
        let root = if path.starts_with('/') { "" } else { "/" };
        words.extend([
            ", `path = \"",
            root,
            path,
            "\"` in [",
            side,
            ".",
            transport,
            "]",
        ]);
    }
    if secure {
        words.extend([", and the section [", side, ".tls]"]);
    }
    Some(origin.error(key, words))
}

/// A path behind a port belongs to the requests.
fn path(text: &str, key: &str, transport: &str, origin: &Origin) -> Option<Error> {
    let (side, place) = key.split_once('.')?;
    let rest = text.strip_prefix("tcp://")?;
    let at = text.len() - rest.len() + rest.find('/')?;
    let (address, path) = text.split_at(at);
    let section = if has(transport, "websocket") {
        "websocket"
    } else {
        "http"
    };
    let words = if path.len() > 1 {
        format!(
            "`{path}` is a path, which belongs to [{side}.{section}]; write `{place} = \"{address}\"`"
        )
    } else {
        format!("there is a `/` behind the port; write `{place} = \"{address}\"`")
    };
    Some(origin.error(key, words))
}

/// Refuses one whose feature is off.
pub(super) fn check(address: &Address, key: &str, origin: &Origin) -> Result<()> {
    let Some((feature, false)) = address.feature() else {
        return Ok(());
    };
    let text = format!(
        "`{address}` needs the feature `{feature}` of the crate `seapink`; write `features = \
         [\"{feature}\"]` in Cargo.toml"
    );
    Err(origin.error(key, text))
}
