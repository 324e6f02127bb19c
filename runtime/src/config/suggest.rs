//! What was probably meant.

/// The valid name that is nearest to what was written, if one is near enough to be meant.
pub(super) fn nearest<'a>(given: &str, valid: &[&'a str]) -> Option<&'a str> {
    let lower = bare(given);
    let (distance, name) = valid
        .iter()
        .map(|name| (distance(&lower, name), *name))
        .min_by_key(|(distance, _)| *distance)?;
    let near = distance <= 1.max(name.len() / 3);
    if near {
        return (given != name).then_some(name);
    }
    // `idle` and `max_connections` are far from `idle_ms` and `connections_max`, letter by letter.
    let mut of_words = valid.iter().filter(|name| has_words(name, &lower));
    match (of_words.next(), of_words.next()) {
        (Some(name), None) => Some(name),
        _ => None,
    }
}

/// A name as configurations write it, for one that may be the name of a class in Apache's libraries:
/// `framed` for `TFramedTransport`.
pub(super) fn bare(given: &str) -> String {
    let lower = given.to_lowercase();
    let name = lower.strip_suffix("accelerated").unwrap_or(&lower);
    for kind in ["transport", "protocol", "server"] {
        if let Some(name) = name.strip_suffix(kind)
            && !name.is_empty()
        {
            let prefixed = given.starts_with('T') && given[1..].starts_with(char::is_uppercase);
            return name[usize::from(prefixed)..].to_owned();
        }
    }
    lower
}

/// Whether a name has all words of another, in any order.
fn has_words(name: &str, given: &str) -> bool {
    let mut words = given
        .split(['_', '-'])
        .filter(|word| !["timeout", "s", "secs", "seconds"].contains(word))
        .peekable();
    words.peek().is_some() && words.all(|word| name.split('_').any(|part| part == word))
}

/// The keys of every section.
pub(super) const KEYS: [(&str, &[&str]); 22] = [
    (
        "server",
        &[
            "listen",
            "model",
            "transport",
            "protocol",
            "workers",
            "queue",
            "io_threads",
            "dispatch",
            "reply_order",
            "connections_max",
            "connections_per_address_max",
            "in_flight_max",
            "strict_read",
        ],
    ),
    ("server.limits", LIMITS),
    (
        "server.timeouts",
        &[
            "idle_ms",
            "handshake_ms",
            "header_ms",
            "read_ms",
            "write_ms",
            "queue_ms",
            "drain_ms",
            "bytes_per_second_min",
        ],
    ),
    ("server.tcp", TCP),
    (
        "server.udp",
        &[
            "datagram_bytes_max",
            "answer_factor_max",
            "receive_buffer_bytes",
        ],
    ),
    ("server.http", &["path"]),
    ("server.websocket", &["path", "origins", "subprotocol"]),
    ("server.shm", &["ring_bytes"]),
    (
        "server.tls",
        &[
            "certificates",
            "key",
            "client_ca",
            "client_certificates",
            "version_min",
        ],
    ),
    (
        "client",
        &[
            "connect",
            "transport",
            "protocol",
            "service",
            "strict_write",
            "compact_version",
            "in_flight_max",
            "reply_order",
        ],
    ),
    (
        "client.pool",
        &[
            "connections_max",
            "connections_min",
            "calls_per_connection",
            "idle_ms",
            "age_ms",
            "waiters_max",
            "wait_ms",
        ],
    ),
    ("client.reconnect", &["min_ms", "max_ms"]),
    (
        "client.retry",
        &[
            "attempts_max",
            "attempt_ms",
            "budget_percent",
            "budget_per_second",
            "backoff_min_ms",
            "backoff_max_ms",
        ],
    ),
    ("client.limits", LIMITS),
    ("client.timeouts", &["connect_ms", "call_ms"]),
    ("client.tcp", TCP),
    ("client.udp", &["datagram_bytes_max"]),
    ("client.http", &["path", "host", "fields"]),
    ("client.exec", &["args", "env", "directory", "exit_ms"]),
    (
        "client.websocket",
        &["path", "host", "fields", "subprotocol"],
    ),
    (
        "client.sasl",
        &[
            "user",
            "password",
            "password_file",
            "authorization",
            "allow_plaintext",
        ],
    ),
    (
        "client.tls",
        &[
            "ca",
            "certificate",
            "key",
            "server_name",
            "version_min",
            "danger_accept_any_certificate",
        ],
    ),
];

const LIMITS: &[&str] = &[
    "message_bytes_max",
    "frame_bytes_max",
    "string_bytes_max",
    "container_elements_max",
    "depth_max",
];

const TCP: &[&str] = &[
    "keepalive_ms",
    "keepalive_interval_ms",
    "keepalive_probes",
    "user_timeout_ms",
    "receive_buffer_bytes",
    "send_buffer_bytes",
];

/// The section that a key belongs to, or one that nearly has its name: which section, and the key's
/// name. `near` is where it stands, whose neighbours come first.
pub(super) fn home(given: &str, near: &str) -> Option<(&'static str, &'static str)> {
    let side = near.split('.').next().unwrap_or_default();
    let others = KEYS.iter().filter(|(section, _)| *section != near);
    let (own, other): (Vec<_>, Vec<_>) = others.partition(|(section, _)| section.starts_with(side));
    let exact = |(section, keys): &&(&'static str, &[&'static str])| {
        let key = keys.iter().find(|key| **key == given)?;
        Some((*section, *key))
    };
    let close = |(section, keys): &&(&'static str, &[&'static str])| {
        Some((*section, nearest(given, keys)?))
    };
    let found = own.iter().find_map(exact);
    let found = found.or_else(|| own.iter().find_map(close));
    found.or_else(|| other.iter().find_map(exact))
}

/// Whether a section has this key.
pub(super) fn is_of(section: &str, key: &str) -> bool {
    let mut sections = KEYS.iter().filter(|(name, _)| *name == section);
    sections.any(|(_, keys)| keys.contains(&key))
}

/// The section inside another that has such a name.
pub(super) fn inner(outer: &str, name: &str) -> Option<&'static str> {
    let mut sections = KEYS.iter().map(|(section, _)| *section);
    sections.find(|section| section.split_once('.') == Some((outer, name)))
}

/// Damerau's: how many characters to insert, delete, replace, or swap with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    // A value may be long; what is much longer than any name is not near.
    let from: Vec<char> = from.chars().take(64).collect();
    let to: Vec<char> = to.chars().collect();
    let mut before = vec![0; to.len() + 1];
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, a) in from.iter().enumerate() {
        let mut next = vec![index + 1; to.len() + 1];
        for (column, b) in to.iter().enumerate() {
            let replaced = row[column] + usize::from(a != b);
            let mut least = replaced.min(row[column + 1] + 1).min(next[column] + 1);
            let swapped = index > 0 && column > 0 && from[index - 1] == *b && to[column - 1] == *a;
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            next[column + 1] = least;
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let valid = ["listen", "model", "transport", "connections_max"];
        for (given, expected) in [
            ("lisen", Some("listen")),
            ("Model", Some("model")),
            ("max_connections", Some("connections_max")),
            ("max", Some("connections_max")),
            ("max_models", None),
            ("conections_max", Some("connections_max")),
            ("lsiten", Some("listen")),
            ("modle", Some("model")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &valid), expected, "{given}");
        }
        let valid = ["idle_ms", "read_ms", "write_ms"];
        for (given, expected) in [
            ("idle", Some("idle_ms")),
            ("idle_timeout", Some("idle_ms")),
            ("idle_seconds", Some("idle_ms")),
            ("timeout", None),
            ("ms", None),
        ] {
            assert_eq!(nearest(given, &valid), expected, "{given}");
        }
    }

    #[test]
    fn swapped_letters_are_one_slip() {
        for (from, to, expected) in [
            ("kye", "key", 1),
            ("ac", "ca", 1),
            ("framde", "framed", 1),
            ("", "key", 3),
            ("key", "key", 0),
            ("yek", "key", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from}");
        }
    }

    #[test]
    fn keys_have_a_home() {
        for (given, near, expected) in [
            ("idle_ms", "server", Some(("server.timeouts", "idle_ms"))),
            ("idle_ms", "client", Some(("client.pool", "idle_ms"))),
            (
                "call_ms",
                "server.timeouts",
                Some(("client.timeouts", "call_ms")),
            ),
            ("workers", "server.limits", Some(("server", "workers"))),
            (
                "keepalive_porbes",
                "client",
                Some(("client.tcp", "keepalive_probes")),
            ),
            ("colour", "server", None),
        ] {
            assert_eq!(home(given, near), expected, "{given}");
        }
    }

    #[test]
    fn names_of_classes_are_understood() {
        for (given, expected) in [
            ("TFramedTransport", "framed"),
            ("TBinaryProtocolAccelerated", "binary"),
            ("TJSONProtocol", "json"),
            ("CompactProtocol", "compact"),
            ("TThreadPoolServer", "threadpool"),
            ("Transport", "transport"),
            ("threaded", "threaded"),
        ] {
            assert_eq!(bare(given), expected);
        }
    }
}
