//! What is said of the name of a transport or a protocol that means nothing.

use crate::config::origin::{Origin, choices};
use crate::error::Error;
use crate::transport::{AUTO, Stack, Transports};

/// What addresses begin with, which is no transport.
const SCHEMES: [&str; 8] = [
    "tcp", "udp", "unix", "abstract", "systemd", "shm", "stdio", "exec",
];

/// Names for which people look among the transports.
const PROTOCOLS: [&str; 3] = ["binary", "compact", "json"];

/// What each part of a compound name is, in the order in which they stand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Sasl,
    Zlib,
    /// With messages of its own, so that nothing plain has to stand behind it.
    Whole,
    Framed,
    /// Cuts messages as they are.
    Plain,
    Messages,
}

impl Part {
    fn of(name: &str) -> Self {
        match name {
            "sasl" => Self::Sasl,
            "zlib" => Self::Zlib,
            "http" | "websocket" => Self::Whole,
            "framed" => Self::Framed,
            "buffered" | "auto" => Self::Plain,
            _ => Self::Messages,
        }
    }
}

/// The error of a transport that the key asks for; `valid` are the names that there are.
#[cold]
pub(super) fn no_transport(
    (key, name): (&str, &str),
    valid: &[&str],
    transports: &Transports,
    origin: &Origin,
) -> Error {
    if SCHEMES.contains(&name) {
        return origin.error(key, scheme(key, name));
    }
    let other = other(key, name).or_else(|| compound(name, valid, transports));
    match other {
        Some(text) => origin.error(key, text),
        None => origin.no_such(key, name, valid),
    }
}

/// The error of a protocol that the key asks for.
#[cold]
pub(super) fn no_protocol(
    (key, name): (&str, &str),
    valid: &[&str],
    transports: &Transports,
    origin: &Origin,
) -> Error {
    if name != AUTO && Stack::named(name, transports).is_some() {
        let text = format!("`{name}` is a transport; write `transport = \"{name}\"`");
        return origin.error(key, text);
    }
    origin.no_such(key, name, valid)
}

/// What is said of a name that means something else than a transport, or another one.
fn other(key: &str, name: &str) -> Option<String> {
    let tls = match key {
        "server.transport" => "the section [server.tls]",
        _ => "the section [client.tls]",
    };
    Some(match name {
        "ws" => "`ws` is the transport `websocket`; write `transport = \"websocket\"`".to_owned(),
        "wss" => {
            format!("`wss` is `websocket` over TLS; write `transport = \"websocket\"` and {tls}")
        }
        "https" => format!("`https` is `http` over TLS; write `transport = \"http\"` and {tls}"),
        "tls" | "ssl" => {
            format!("`{name}` goes with every transport; write {tls}, and `transport = \"framed\"`")
        }
        _ if PROTOCOLS.contains(&name) => {
            format!("`{name}` is a protocol; write `protocol = \"{name}\"`")
        }
        _ => return None,
    })
}

fn scheme(key: &str, name: &str) -> String {
    let place = match key {
        "server.transport" => "listen",
        _ => "connect",
    };
    let transport = match name {
        "udp" => "buffered",
        _ => "framed",
    };
    format!(
        "`{name}` is an address; write `{place} = \"{name}://…\"` with `transport = \"{transport}\"`"
    )
}

/// `None` where there is nothing to say but which names there are.
fn compound(name: &str, valid: &[&str], transports: &Transports) -> Option<String> {
    if !name.contains('+') {
        return None;
    }
    let parts: Vec<_> = name.split('+').filter(|part| !part.is_empty()).collect();
    if let Some(part) = parts.iter().find(|part| !valid.contains(part)) {
        let names = choices(part, valid);
        return Some(format!("`{part}`, in `{name}`, is none of {names}"));
    }
    let means = |parts: &[&str]| {
        let name = parts.join("+");
        Stack::named(&name, transports).is_some().then_some(name)
    };
    if let Some(meant) = means(&parts) {
        return Some(format!(
            "`{name}` has a `+` with nothing beside it; write `{meant}`"
        ));
    }
    let mut sorted = parts;
    sorted.sort_by_key(|part| Part::of(part));
    let (plain, rest): (Vec<&str>, Vec<&str>) = sorted
        .iter()
        .copied()
        .partition(|part| [Part::Framed, Part::Plain].contains(&Part::of(part)));
    let whole = rest.iter().find(|part| Part::of(part) == Part::Whole);
    if let (Some(whole), Some(plain), Some(meant)) = (whole, plain.first(), means(&rest)) {
        return Some(format!(
            "`{whole}` has messages of its own and needs no `{plain}`; write `{meant}`"
        ));
    }
    if let Some(meant) = means(&sorted) {
        let first = sorted.first()?;
        return Some(format!("`{first}` goes in front; write `{meant}`"));
    }
    let mut cutting = sorted.iter().filter(|part| Part::of(part) >= Part::Whole);
    let (first, second) = (cutting.next()?, cutting.next()?);
    Some(format!(
        "`{first}` and `{second}` do not go together; write one of them"
    ))
}
